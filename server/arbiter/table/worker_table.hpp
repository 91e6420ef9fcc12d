// Decides which workers to start, drain and kill. Pure: no system call, the time is an argument;
// the arbiter executes its orders. Stop, reload and park are goals that it works towards, not
// loops. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/goals.hpp"
#include "server/arbiter/table/orders.hpp"
#include "server/arbiter/table/recycling.hpp"
#include "server/arbiter/table/respawning.hpp"
#include "server/arbiter/table/roster.hpp"
#include "server/arbiter/table/scaling.hpp"
#include "server/arbiter/table/worker_handle.hpp"
#include "server/host/exit_report.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/worker_state.hpp"

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace alicorn {

/// One slot of the scoreboard, as read.
struct SlotReading {
  WorkerState state = WorkerState::kEmpty;
  MonotonicTime heartbeat;
  RecyclingWish recycling_wish = RecyclingWish::kNone;
};
using ScoreboardReading = std::vector<SlotReading>;  ///< by slot; slots beyond its end are empty

class WorkerTable {
 public:
  WorkerTable(std::uint32_t generation, const WorkerPolicy& policy) : goals_(generation, policy) {}
  WorkerTable(const WorkerTable&) = delete;  // its parts refer to each other
  WorkerTable& operator=(const WorkerTable&) = delete;

  /// One worker more or less, never below one, for the next generations too.
  void resize(int change) { goals_.resize(change); }
  /// Replaces all workers by those of a new generation. If none of these becomes ready, the table
  /// returns to the old generation.
  void reload(std::uint32_t generation, const WorkerPolicy& policy);
  /// The mode never becomes gentler again.
  void stop(StopMode mode) { goals_.stop(mode); }
  /// An operator's wish: replace this worker as if it had asked for it. False: the worker does not
  /// serve, or is already being replaced.
  bool recycle(std::uint32_t slot, MonotonicTime now) { return recycling_.ask(slot, now); }
  /// A SIGTERM: the first one stops gracefully; another one, a second later or more, stops quickly.
  void terminate(MonotonicTime now) { goals_.terminate(now); }
  /// Drain all workers, start none, stay alive. The next reload() or unpark() ends it.
  void park() { goals_.park(); }
  /// Starts as many workers as there were; false: the table was not parked.
  bool unpark();

  std::vector<Order> decide(const ScoreboardReading& reading, MonotonicTime now);
  void on_spawned(std::uint32_t slot, pid_t pid) { roster_.at(slot).pid = pid; }
  /// `report`: of the process that should have forked the worker, if that process has ended. Its
  /// end is one failure, however many workers it should have forked: only the first of them has
  /// `is_counted`.
  Departure on_spawn_failed(std::uint32_t slot, const ExitReport& report, MonotonicTime now,
                            bool is_counted = true) {
    return respawning_.bury(slot, report, now, is_counted);
  }
  /// Nothing: the pid was not a worker's.
  std::optional<Departure> on_exit(const ExitReport& report, MonotonicTime now);

  milliseconds time_to_next_event(MonotonicTime now) const;
  bool all_left() const { return roster_.all_left(); }
  std::uint32_t alive() const { return roster_.alive(); }
  StopMode stop_mode() const { return goals_.stop_mode(); }
  bool is_parked() const { return goals_.is_parked(); }
  ExitCode exit_code() const { return respawning_.exit_code(); }
  /// graceful_timeout, or more if a worker of another generation has more. This is the time for
  /// requests; the time to end the workers that are still there afterwards is not included.
  milliseconds time_to_leave(MonotonicTime now) const;
  std::uint32_t target() const { return goals_.target(); }
  /// 0: none was ready yet.
  std::uint32_t serving_generation() const { return goals_.serving_generation(); }
  std::uint32_t goal_generation() const { return goals_.generation(); }
  /// The slots that new workers may have from now on; the others belong to the other master of an
  /// upgrade.
  void keep_to(const SlotSet& slots) { roster_.keep_to(slots); }
  /// Those that have a worker, and a few more for workers that replace one.
  SlotSet slots_needed() const;
  /// Slots up to the last one in use.
  std::uint32_t slots_in_use() const { return roster_.slots_in_use(); }
  bool has_workers_of(std::uint32_t generation) const { return roster_.has_workers_of(generation); }
  bool has_ready_workers() const { return roster_.has_ready_workers(); }
  const WorkerHandle& worker(std::uint32_t slot) const { return roster_.at(slot); }

 private:
  void forgive_clock_jump(MonotonicTime now);
  void observe(const ScoreboardReading& reading, MonotonicTime now);
  void note_ready(WorkerHandle& worker, MonotonicTime now);
  void enforce_deadlines(MonotonicTime now);
  void empty(SignalReason reason, MonotonicTime now);
  MonotonicTime verdict_on(const WorkerHandle& worker) const;
  MonotonicTime next_event(MonotonicTime now) const;

  Goals goals_;
  Roster roster_{goals_};
  Respawning respawning_{goals_, roster_};
  Recycling recycling_{goals_, roster_};
  Scaling scaling_{goals_, roster_, recycling_, respawning_};
  bool stop_was_announced_ = false;
  std::optional<MonotonicTime> planned_wake_;  ///< when the last decide() expected the next one
  MonotonicTime verdicts_from_{};              ///< no worker is found stuck before then
};

}  // namespace alicorn
