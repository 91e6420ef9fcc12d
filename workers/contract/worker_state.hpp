// How far a worker is, and what it wishes, as its master reads it from the scoreboard.
#pragma once

#include <cstdint>

namespace alicorn {

enum class WorkerState : std::uint32_t { kEmpty, kStarting, kReady, kDraining };

/// How much a worker wishes to be replaced. A wish only grows.
enum class RecyclingWish : std::uint32_t {
  kNone,
  kInPassing,    ///< its age or its size, or the app asks: it serves as well as before
  kNearNumber,   ///< it will have served max_requests by the time a replacement can be ready
  kAtNumber,     ///< it has served them
  kCannotServe,  ///< requests hang in it: it takes no new connections
};

}  // namespace alicorn
