// Decides when a worker gives memory back to the system: what it and the app have freed stays in
// the allocator's arenas otherwise. Pure: time and counts are arguments. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>

namespace alicorn {

class MemoryCare {
 public:
  /// A worker that has had nothing to do for so long is quiet. A trim takes some milliseconds, in
  /// which the allocator is locked.
  static constexpr milliseconds kQuiet{5'000};
  /// One that never is trims all the same when it has moved so much, but not more often than this.
  static constexpr std::uint64_t kBytesMoved = 64 << 20;
  static constexpr milliseconds kBetween{10'000};

  struct Activity {
    std::uint64_t requests = 0;  ///< served so far
    std::uint64_t bytes = 0;     ///< of requests and responses, so far
    bool runs_calls = false;     ///< a thread is inside the app now
  };

  /// With each sweep. True: now, and the next time is counted from here.
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
  /// With the next sweep, whatever the worker does.
  void ask() { is_asked_ = true; }

 private:
  Activity seen_, trimmed_;
  MonotonicTime quiet_since_{}, trimmed_at_{};
  bool is_asked_ = false;
};

}  // namespace alicorn
