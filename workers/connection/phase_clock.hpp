// Which phase a connection is in, when the phase must end, and whether its time is over. Decides
// without acting: the time is an argument. Worker, I/O thread. All times in µs of CLOCK_MONOTONIC;
// 0: none.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <utility>

namespace alicorn {

class PhaseClock {
 public:
  enum class Phase {
    kIdle,     ///< between two requests
    kHead,     ///< a request's head has begun
    kBody,     ///< a body is read for an app that takes it whole
    kApp,      ///< the app has the request, or its answer is on its way
    kClosing,  ///< the connection ends
  };
  /// Which time is over.
  enum class Expired {
    kNot,
    kDeadline,  ///< the phase's
    kMemory,    ///< a body holds memory that others wait for, or has waited too long for memory
  };

  Phase phase() const { return phase_; }
  bool is_in(Phase phase) const { return phase_ == phase; }
  /// When the connection last looked at the clock.
  std::uint64_t now_us() const { return now_us_; }
  void set_now(std::uint64_t now_us) { now_us_ = now_us; }

  /// The phase begins now and may take this long. 0: no limit.
  void enter(Phase phase, milliseconds limit) {
    phase_ = phase;
    deadline_us_ = limit.count() == 0 ? 0 : now_us_ + to_us(limit);
    if (phase != Phase::kIdle) return;
    was_spared_ = false;
    idle_since_us_ = now_us_;
  }
  std::uint64_t idle_since_us() const { return idle_since_us_; }
  /// The phase began elsewhere, so it ends earlier.
  void set_idle_since(std::uint64_t time) {
    if (time >= idle_since_us_) return;
    const std::uint64_t passed = idle_since_us_ - time;
    if (deadline_us_ != 0) deadline_us_ = deadline_us_ > passed ? deadline_us_ - passed : 1;
    idle_since_us_ = time;
  }
  void set_deadline(std::uint64_t time) { deadline_us_ = time; }
  std::uint64_t deadline_us() const { return deadline_us_; }
  void set_no_deadline() { deadline_us_ = 0; }
  /// The deadline is at most `time`, whatever was granted before.
  void shorten(std::uint64_t time) {
    if (deadline_us_ == 0 || deadline_us_ > time) deadline_us_ = time;
  }
  bool is_over(std::uint64_t now_us) const { return deadline_us_ != 0 && now_us >= deadline_us_; }

  /// A connection that is closed with a request unread is reset. What came while the loop was busy
  /// elsewhere is read in its next turn. So once in each idle period the connection is spared until
  /// the next sweep. `has_unread` is only called if its result matters.
  template <class HasUnread>
  bool spare(HasUnread has_unread) {
    return phase_ == Phase::kIdle && !std::exchange(was_spared_, true) && has_unread();
  }
  void expire(Expired why) {
    expired_ = why;
    deadline_us_ = 0;
  }
  bool is_expired() const { return expired_ != Expired::kNot; }
  Expired expired() const { return expired_; }
  void forgive() { expired_ = Expired::kNot; }

 private:
  Phase phase_ = Phase::kIdle;
  Expired expired_ = Expired::kNot;
  bool was_spared_ = false;
  std::uint64_t now_us_ = 0;
  std::uint64_t deadline_us_ = 0;
  std::uint64_t idle_since_us_ = 0;
};

}  // namespace alicorn
