// Decides what the end of a worker means, and when which worker takes its place. Pure. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/goals.hpp"
#include "server/arbiter/table/roster.hpp"
#include "server/host/exit_report.hpp"
#include "workers/contract/exit_code.hpp"

#include <cstdint>

namespace alicorn {

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
  bool was_late = false;         ///< it was killed because it was not ready in time
  bool was_left_behind = false;  ///< it has ended after all; what that means was reported earlier
};

/// How long the successor of a worker waits after this many failures in a row.
milliseconds back_off(std::uint32_t failures);

class Respawning {
 public:
  Respawning(Goals& goals, Roster& roster) : goals_(goals), roster_(roster) {}

  /// A reload is how an operator reacts to a failure: the new workers start with a clean record.
  void begin_anew();
  /// The worker of this slot has ended, or was never forked. `is_counted`: as a failure of its own.
  Departure bury(std::uint32_t slot, const ExitReport& report, MonotonicTime now, bool is_counted);
  /// A worker leaves without an order from the table.
  void note_own_leave(WorkerHandle& worker, MonotonicTime now);
  void forget_unwanted_places();

  /// Whether the table counts on this worker, even while it is on its way out. If not, a
  /// replacement need not wait for its end.
  bool holds_place(const WorkerHandle& worker) const;
  bool may_leave_behind(const WorkerHandle& worker) const;
  /// The exit code of a server that ends because it cannot go on.
  ExitCode exit_code() const { return exit_code_; }

 private:
  WorkerHandle* place_for_successor(std::uint32_t slot);
  void judge_boot_failure(Departure& departure, const ExitReport& report, const WorkerHandle& dead,
                          MonotonicTime now);
  void keep_place(Departure& departure, const WorkerHandle& dead, MonotonicTime now);

  Goals& goals_;
  Roster& roster_;
  std::uint32_t boot_crashes_ = 0;  ///< in the goal's generation, before any worker was ready
  ExitCode exit_code_ = ExitCode::kOk;
};

}  // namespace alicorn
