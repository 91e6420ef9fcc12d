// A zygote's life: loads the app once, then forks its workers as the master orders. Zygote.
#pragma once

#include "server/host/process.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/settings.hpp"
#include "workers/worker.hpp"

#include <cstdint>
#include <functional>
#include <optional>

#include <sys/types.h>

namespace alicorn {

struct ZygoteContext {
  const WorkerSettings& settings;
  std::uint32_t calls_max;  ///< of one worker
  int socket;               ///< its end; not owned
  pid_t master;
  /// What the worker of a slot is; its body gets the app as it is in the zygote, and the board that
  /// is there by then.
  std::function<WorkerSpawn(std::uint32_t slot, AppHost& app, std::optional<WorkerBoard>& board)>
      describe_worker;
  std::function<void(LingeringFd)> take_access_log;  ///< that workers inherit
};

/// Until the master closes its end. Leave by _exit with the result. Whatever is random or belongs
/// to one worker is made after the fork.
ExitCode run_zygote(const ZygoteContext& context);

/// Says why, and gives the code back to end with.
ExitCode give_up(int socket, const Error& error, ExitCode code);

}  // namespace alicorn
