// What a process becomes after the master's fork: a worker, or the parts that a zygote and its
// workers share with a worker. Master; functions marked so run in the child.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/host/privileges.hpp"
#include "server/host/signal_queue.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/lifeline.hpp"
#include "workers/worker.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Spawner {
 public:
  /// What every child inherits from its master; all of it outlives the spawner.
  struct Heritage {
    const SignalQueue& signals;
    const Lifeline& lifeline;
    const std::optional<Identity>& identity;
    Dumpable dumpable;
    /// The master's own descriptors, which no child of that generation may keep; the lifeline's
    /// write end first.
    std::function<std::vector<int>(std::uint32_t generation)> own_descriptors;
    /// In the child: its log lines go where that generation's do.
    std::function<void(std::uint32_t generation)> open_log;
  };
  Spawner(Fleet& fleet, Heritage heritage) : fleet_(fleet), heritage_(std::move(heritage)) {}

  /// Forks the worker of this slot. `board`: what it shares with the master.
  Result<pid_t> spawn(const Spawn& order, WorkerBoard& board);

  const Heritage& heritage() const { return heritage_; }
  /// In the child, before the app is loaded: applies what the configuration demands of the process.
  Result<void> take_on_conditions(const Config& config) const;
  WorkerContext worker_context(const Spawn& order, WorkerBoard& board) const;

 private:
  ExitCode be_worker(const Spawn& order, WorkerBoard& board, const std::vector<int>& unwanted_files,
                     pid_t master) const;

  Fleet& fleet_;
  Heritage heritage_;
};

}  // namespace alicorn
