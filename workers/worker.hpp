// The worker's life, from the fork to its exit code. The master calls only run_worker(), in the
// child. Worker.
#pragma once

#include "base/result.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/contract/mail_room.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/settings.hpp"
#include "workers/contract/worker_listener.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace alicorn {

class AppHost;

struct WorkerContext {
  const WorkerSettings& settings;
  std::vector<WorkerListener> listeners;
  WorkerBoard& board;        ///< this worker's own
  LoadTable& loads;          ///< shared by all workers
  MailRoom& mail_room;       ///< the same
  std::uint32_t slot;        ///< "worker 3" in logs and titles is slot 2
  std::uint32_t generation;  ///< counts reloads, from 1
  std::uint32_t seniority;   ///< among the workers that share `loads`: the higher, the younger
  int lifeline_fd;           ///< read end; EOF: the master is gone, exit within 100 ms
  int wake_fd;               ///< written to wake the master: ready, or a wish for recycling
  /// The access log's file, because its path may lead nowhere by now. The worker owns it after its
  /// boot has begun. -1: there is no such file, or it is a standard stream.
  int access_log_fd = -1;
  AppHost* preloaded = nullptr;  ///< loaded before the fork, for settings and board as here;
                                 ///< null: the worker loads the app itself
};

/// Version of the linked llhttp: "9.2.1".
std::string_view parser_version();

/// Checks settings that only parts of a worker can judge: the format of the access log, and the
/// networks of forwarded_allow_ips. Has no side effects. The Error names the setting.
Result<void> check_settings(const WorkerSettings& settings);

/// Loads the app before the fork, for the WorkerContext::preloaded of processes forked from this
/// one. The AppHost is never destroyed. On failure `code` is the exit code of the process.
/// `calls_max` is the limit of one worker. Afterwards the signals for workers and master do nothing
/// in this process.
Result<AppHost*> preload_app(const WorkerSettings& settings, std::uint32_t calls_max,
                             ExitCode& code);

/// Loads the app unless that has been done, serves until TERM (graceful), INT or QUIT (quick), and
/// returns the result. The caller has blocked TERM, INT, QUIT, USR1, HUP, USR2, TTIN, TTOU and
/// WINCH. The worker obeys the first four. The rest do nothing, so that a signal sent to the whole
/// process group does no harm. Leave the process by _exit with the result.
ExitCode run_worker(const WorkerContext& context);

}  // namespace alicorn
