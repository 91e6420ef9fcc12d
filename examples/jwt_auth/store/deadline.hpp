// The point in time at which a wait ends. On any thread.
#pragma once

#include <algorithm>
#include <chrono>

namespace jwt_auth {

using std::chrono::milliseconds;

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline in(milliseconds time) { return Deadline(Clock::now() + time); }

  /// Rounded up; zero once the deadline has passed.
  milliseconds left() const {
    const auto time = std::chrono::ceil<milliseconds>(end_ - Clock::now());
    return std::max(time, milliseconds(0));
  }
  Deadline or_earlier(Deadline other) const { return Deadline(std::min(end_, other.end_)); }

 private:
  explicit Deadline(Clock::time_point end) : end_(end) {}
  Clock::time_point end_;
};

}  // namespace jwt_auth
