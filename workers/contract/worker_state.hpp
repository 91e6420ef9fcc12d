// The state of a worker and its wish to be replaced, as the master reads them from the scoreboard.
#pragma once

#include <cstdint>

namespace alicorn {

enum class WorkerState : std::uint32_t {
  kEmpty,
  kStarting,
  kReady,
  kDraining,
  kEnding,  ///< in the app's worker_exit: its loop no longer runs
};

/// How urgently a worker wants to be replaced. The urgency never decreases.
enum class RecyclingWish : std::uint32_t {
  kNone,
  kInPassing,    ///< because of age, size or the app: serves as before
  kNearNumber,   ///< will reach max_requests before a replacement is ready
  kAtNumber,     ///< has served max_requests
  kCannotServe,  ///< requests hang: takes no new connections
};

}  // namespace alicorn
