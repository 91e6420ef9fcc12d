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
  int socket;               ///< the zygote's end; not owned
  pid_t master;
  /// Describes the worker of a slot. The worker's body gets the app as loaded in the zygote, and
  /// the board, which is mapped by then.
  std::function<WorkerSpawn(std::uint32_t slot, AppHost& app, std::optional<WorkerBoard>& board)>
      describe_worker;
  std::function<void(LingeringFd)> take_access_log;  ///< the file that workers inherit
};

/// Runs until the master closes its end. Leave by _exit with the result. Whatever is random or
/// belongs to one worker is made after the fork.
ExitCode run_zygote(const ZygoteContext& context);

/// Tells the master why, and returns the code to exit with.
ExitCode give_up(int socket, const Error& error, ExitCode code);

}  // namespace alicorn
