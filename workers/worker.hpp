// The worker's life, from the fork to its exit code. The master calls run_worker() in the child,
// and nothing else here.
#pragma once

#include "base/result.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/load_table.hpp"
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
  WorkerBoard& board;        ///< its own
  LoadTable& loads;          ///< everybody's
  std::uint32_t slot;        ///< "worker 3" in logs and titles is slot 2
  std::uint32_t generation;  ///< counts reloads, from 1
  int lifeline_fd;           ///< read end; EOF: the master is gone, leave within 100 ms
  int wake_fd;  ///< the master's: written when this worker became ready or wants recycling
  /// The file of the access log, for its name may lead nowhere by now. The worker owns it from its
  /// boot on; -1: there is none, or it is a standard stream.
  int access_log_fd = -1;
  AppHost* preloaded = nullptr;  ///< loaded before the fork, for settings and board as here;
                                 ///< null: the worker loads the app itself
};

/// Of the llhttp that is linked: "9.2.1".
std::string_view parser_version();

/// What only the parts of a worker can judge: the format of the access log, the networks of
/// forwarded_allow_ips. Touches nothing. The Error names the setting.
Result<void> check_settings(const WorkerSettings& settings);

/// Loads the app before the fork: for WorkerContext::preloaded of processes that are forked from
/// this one. Never destroyed. `code` says how the process ends if it fails. `calls_max`: of one
/// worker. From then on the orders to a worker, and to the master, do nothing here.
Result<AppHost*> preload_app(const WorkerSettings& settings, std::uint32_t calls_max,
                             ExitCode& code);

/// Loads the app unless it is there, serves until TERM (graceful), INT or QUIT (quick), and says
/// how it went. Signals: the caller has blocked TERM, INT, QUIT, USR1, HUP, USR2, TTIN, TTOU,
/// WINCH; the worker takes the first four, and the rest do nothing, so that one sent to the
/// whole process group harms nobody. Leave by _exit with the result.
ExitCode run_worker(const WorkerContext& context);

}  // namespace alicorn
