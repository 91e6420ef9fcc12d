// Decides when a worker returns memory to the system. Memory that the worker and the app have freed
// would otherwise stay in the allocator's arenas. Pure: time and counts are arguments. Worker, I/O
// thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>

namespace alicorn {

class MemoryCare {
 public:
  /// A worker that has been idle for this long is quiet. A trim takes some milliseconds, and the
  /// allocator is locked meanwhile.
  static constexpr milliseconds kQuiet{5'000};
  /// A worker that is never quiet trims after it has moved this much, but no more often than
  /// kBetween.
  static constexpr std::uint64_t kBytesMoved = 64 << 20;
  static constexpr milliseconds kBetween{10'000};

  struct Activity {
    std::uint64_t requests = 0;  ///< served so far
    std::uint64_t bytes = 0;     ///< of requests and responses so far
    bool runs_calls = false;     ///< a thread is inside the app now
  };

  /// Called with each sweep. True: trim now; the next interval starts here.
  bool is_due(const Activity& activity, MonotonicTime now) {
    if (activity.runs_calls || activity.requests != seen_.requests) quiet_since_ = now;
    seen_ = activity;
    const bool has_done_something = activity.requests != trimmed_.requests;
    const bool is_quiet = now - quiet_since_ >= kQuiet;
    const bool has_moved_much =
        activity.bytes - trimmed_.bytes >= kBytesMoved && now - trimmed_at_ >= kBetween;
    if (!is_asked_ && (!has_done_something || (!is_quiet && !has_moved_much))) return false;
    is_asked_ = false;
    trimmed_ = activity;
    trimmed_at_ = now;
    return true;
  }
  /// Trim in the next sweep, whatever the worker does.
  void ask() { is_asked_ = true; }

 private:
  Activity seen_, trimmed_;
  MonotonicTime quiet_since_{}, trimmed_at_{};
  bool is_asked_ = false;
};

}  // namespace alicorn
