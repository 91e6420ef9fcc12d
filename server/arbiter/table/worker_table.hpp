// Decides which workers to start, drain and kill. Pure: no system call, the time is an argument;
// the arbiter executes its orders. Stop, reload and park are goals that it works towards, not
// loops. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/worker_handle.hpp"
#include "server/host/exit_report.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/sizes.hpp"
#include "workers/contract/stop_times.hpp"
#include "workers/contract/worker_state.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace alicorn {

/// One slot of the scoreboard, as read.
struct SlotReading {
  WorkerState state = WorkerState::kEmpty;
  MonotonicTime heartbeat;
  RecyclingWish recycling_wish = RecyclingWish::kNone;
};
using ScoreboardReading =
    std::vector<SlotReading>;  ///< by slot; what is missing at its end is empty

enum class StopMode { kNone, kGraceful, kQuick };

/// Why a worker gets a signal.
enum class SignalReason { kDrain, kStop, kRecycle, kNoHeartbeat, kBootTimeout, kStillThere };

struct Spawn {
  std::uint32_t slot;
  std::uint32_t generation;
};
struct Signal {
  std::uint32_t slot;
  pid_t pid;
  int number;
  SignalReason reason;
};
/// What others wait for: systemd, the parent of a daemon, listeners that only the old generation
/// used.
enum class Milestone {
  kServing,           ///< the first worker ever is ready
  kGenerationServes,  ///< the first worker of a reload is ready: there is no way back
  kSettled,           ///< as many workers as wanted, and none of an older generation left
  kStopping,          ///< said once, before any worker is told
};
/// Not even SIGKILL has ended it in time: on_exit() is to be told that it is stuck.
struct LeaveBehind {
  pid_t pid;
};
using Order = std::variant<Spawn, Signal, LeaveBehind, Milestone>;

/// What the end of a worker means.
struct Departure {
  enum class Kind { kLeft, kDied, kBootFailed };
  enum class Consequence { kNone, kRespawn, kStopServer, kAbandonReload };

  std::uint32_t slot;
  std::uint32_t generation;
  Kind kind;
  Consequence consequence;
  milliseconds lived;
  milliseconds respawn_in;       ///< for kRespawn
  bool was_late = false;         ///< it was not ready in time, and killed for it
  bool was_left_behind = false;  ///< it has ended after all: what it means was told before
};

class WorkerTable {
 public:
  WorkerTable(std::uint32_t generation, const WorkerPolicy& policy);

  /// One worker more or less, never below one, for the next generations too.
  void resize(int change);
  /// Replace all workers by those of a new generation, which is given up if none of it becomes
  /// ready.
  void reload(std::uint32_t generation, const WorkerPolicy& policy);
  /// Never back to a gentler mode.
  void stop(StopMode mode);
  /// An operator's wish: replace this worker as one that asks for it. False: it does not serve, or
  /// is being replaced already.
  bool recycle(std::uint32_t slot, MonotonicTime now);
  /// A SIGTERM: the first one stops gracefully, one that comes a second later or more hurries.
  void terminate(MonotonicTime now);
  /// Drain all workers, start none, stay alive. The next reload() or unpark() ends it.
  void park();
  /// Start as many workers as there were; false: none were sent away.
  bool unpark();

  std::vector<Order> decide(const ScoreboardReading& reading, MonotonicTime now);
  void on_spawned(std::uint32_t slot, pid_t pid);
  /// `report`: of the process that was to fork it, if that has ended.
  /// One end of such a process is one failure, for however many workers it was to fork: the first
  /// one's, `is_counted`.
  Departure on_spawn_failed(std::uint32_t slot, const ExitReport& report, MonotonicTime now,
                            bool is_counted = true);
  /// Nothing: the pid was no worker's.
  std::optional<Departure> on_exit(const ExitReport& report, MonotonicTime now);

  milliseconds time_to_next_event(MonotonicTime now) const;
  bool all_left() const;
  std::uint32_t alive() const;
  StopMode stop_mode() const { return stop_mode_; }
  bool is_parked() const { return parked_; }
  ExitCode exit_code() const { return exit_code_; }
  /// graceful_timeout, or more where a worker of another generation has more: for their requests,
  /// without what it takes to end those that are still there then.
  milliseconds time_to_leave(MonotonicTime now) const;
  std::uint32_t target() const { return target_; }
  std::uint32_t serving_generation() const {
    return serving_generation_;
  }  ///< 0: none was ready yet
  std::uint32_t goal_generation() const { return goal_generation_; }
  /// Slots up to the last one in use.
  std::uint32_t slots_in_use() const;
  bool has_workers_of(std::uint32_t generation) const;
  bool has_ready_workers() const;
  const WorkerHandle& worker(std::uint32_t slot) const { return workers_[slot]; }

 private:
  struct Census;

  void forgive_clock_jump(MonotonicTime now);
  void observe(const ScoreboardReading& reading, MonotonicTime now, std::vector<Order>& orders);
  void note_own_leave(WorkerHandle& worker, MonotonicTime now);
  void note_ready(WorkerHandle& worker, MonotonicTime now, std::vector<Order>& orders);
  void note_wish(WorkerHandle& worker, RecyclingWish wish, MonotonicTime now);
  void enforce_deadlines(MonotonicTime now, std::vector<Order>& orders);
  void empty(SignalReason reason, MonotonicTime now, std::vector<Order>& orders);
  void scale(MonotonicTime now, std::vector<Order>& orders);
  void admit_to_recycling(MonotonicTime now);
  void shrink(Census& census, MonotonicTime now, std::vector<Order>& orders);
  void retire_outgoing(Census& census, MonotonicTime now, std::vector<Order>& orders);
  void stand_in(Census& census, MonotonicTime now, std::vector<Order>& orders);
  void grow(const Census& census, MonotonicTime now, std::vector<Order>& orders);
  void note_settled(std::vector<Order>& orders);

  Census take_census() const;
  bool is_outgoing(const WorkerHandle& worker) const;
  bool is_spent(const WorkerHandle& worker) const;
  bool wants_stand_ins() const;
  bool is_kept_up(std::uint32_t generation) const;
  std::optional<std::uint32_t> next_to_retire(MonotonicTime now) const;
  std::uint32_t give_up(std::uint32_t count, std::uint32_t generation, MonotonicTime now,
                        std::vector<Order>& orders);
  std::uint32_t start(std::uint32_t count, std::uint32_t generation, MonotonicTime now,
                      std::vector<Order>& orders);
  void order_spawn(std::uint32_t slot, std::uint32_t generation, MonotonicTime now,
                   std::vector<Order>& orders);
  void order_leave(std::uint32_t slot, SignalReason reason, MonotonicTime now,
                   std::vector<Order>& orders);
  void order_signal(std::uint32_t slot, int number, SignalReason reason,
                    std::vector<Order>& orders);
  Departure bury(std::uint32_t slot, const ExitReport& report, MonotonicTime now, bool is_counted);
  bool holds_place(const WorkerHandle& worker) const;
  bool may_leave_behind(const WorkerHandle& worker) const;
  WorkerHandle* place_for_successor(std::uint32_t slot);
  void judge_boot_failure(Departure& departure, const ExitReport& report, const WorkerHandle& dead,
                          MonotonicTime now);
  void keep_place(Departure& departure, const WorkerHandle& dead, MonotonicTime now);
  void abandon_reload();
  void forget_unwanted_places();

  static milliseconds back_off(std::uint32_t failures);
  MonotonicTime verdict_on(const WorkerHandle& worker) const;
  MonotonicTime next_event(MonotonicTime now) const;

  std::array<WorkerHandle, kWorkerSlots> workers_;
  std::uint32_t target_;
  std::uint32_t goal_generation_;
  std::uint32_t serving_generation_ = 0;
  WorkerPolicy goal_policy_;
  WorkerPolicy serving_policy_;
  std::uint32_t boot_crashes_ = 0;  ///< of the goal's generation, none of which was ready yet
  std::uint32_t hasty_wishes_ = 0;  ///< in a row, of workers that were hardly ready
  StopMode stop_mode_ = StopMode::kNone;
  std::optional<MonotonicTime> terminated_at_;
  bool parked_ = false;
  bool serving_stands_down_ = false;  ///< it was parked when the goal's generation came
  bool settled_ = false;
  bool stop_was_announced_ = false;
  ExitCode exit_code_ = ExitCode::kOk;
  std::optional<MonotonicTime> planned_wake_;  ///< when the last decide() expected the next one
  MonotonicTime verdicts_from_{};              ///< nobody is found stuck before
};

}  // namespace alicorn
