// The master's view of one worker slot: plain values that only this room changes. Master.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/worker_state.hpp"

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace alicorn {

/// starting -> ready -> draining -> reaped. A worker that misses a deadline goes to aborting
/// (SIGABRT, leaves a core) and then killed (SIGKILL). If not even that ends it, it is left behind:
/// nobody waits for it, but it occupies its slot until it ends, which limits the number of such
/// workers.
enum class WorkerPhase { kReaped, kStarting, kReady, kDraining, kAborting, kKilled, kLeftBehind };

/// What the configuration of a generation says about keeping its workers. Zero switches a timeout
/// off.
struct WorkerPolicy {
  std::uint32_t workers = 1;
  bool limits_requests = false;  ///< a worker is replaced after so many, and not late
  std::uint32_t max_surge = 1;
  milliseconds boot_timeout{60'000};
  milliseconds heartbeat_timeout{30'000};
  milliseconds graceful_timeout{30'000};
};

struct WorkerHandle {
  /// A worker that was left behind may never end, and does not count as alive.
  bool is_alive() const {
    return phase != WorkerPhase::kReaped && phase != WorkerPhase::kLeftBehind;
  }
  /// Nobody is in the slot, and it is not kept for a successor.
  bool is_free() const { return phase == WorkerPhase::kReaped && !respawn_at; }

  WorkerPhase phase = WorkerPhase::kReaped;
  pid_t pid = 0;  ///< 0: none, or not forked yet. Gone in the function that learns of its end: the
                  ///< number may be reused
  std::uint32_t generation = 0;
  WorkerPolicy policy;  ///< of its generation
  MonotonicTime started;
  MonotonicTime heartbeat;
  WorkerState told = WorkerState::kEmpty;  ///< by the worker, which may say what it likes
  std::optional<MonotonicTime> deadline;   ///< of its phase
  bool was_ready = false;
  MonotonicTime ready_at;
  RecyclingWish recycling_wish = RecyclingWish::kNone;
  std::optional<MonotonicTime> recycle_from;  ///< it asked to be replaced; not before this time
  std::optional<MonotonicTime>
      serves_until;            ///< also beside its replacement: it is near its number
  bool is_recycled = false;    ///< its replacement is on its way, or here
  bool told_to_leave = false;  ///< its end is no surprise
  bool told_to_hurry = false;  ///< by SIGQUIT

  // These belong to the slot, and outlive the worker.
  std::uint32_t deaths = 0;  ///< in this slot, less one for each second of service since
  std::optional<MonotonicTime> respawn_at;  ///< a dead worker's place is kept for its successor
  std::uint32_t respawn_generation = 0;     ///< the successor's
};

}  // namespace alicorn
