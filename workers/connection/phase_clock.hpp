// Which phase a connection is in, until when, and whether its time is over. Decides without acting:
// the time is an argument. Worker, I/O thread. All times in µs of CLOCK_MONOTONIC; 0: none.
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
  /// Whose time is over.
  enum class Expired {
    kNot,
    kDeadline,  ///< that of the phase
    kMemory,    ///< of a body for whose memory others wait, or that had to wait for too long
  };

  Phase phase() const { return phase_; }
  bool is_in(Phase phase) const { return phase_ == phase; }
  /// When the connection last looked at the clock.
  std::uint64_t now_us() const { return now_us_; }
  void set_now(std::uint64_t now_us) { now_us_ = now_us; }

  /// The phase begins now and has so much time. 0: any.
  void enter(Phase phase, milliseconds limit) {
    phase_ = phase;
    deadline_us_ = limit.count() == 0 ? 0 : now_us_ + to_us(limit);
    if (phase != Phase::kIdle) return;
    was_spared_ = false;
    idle_since_us_ = now_us_;
  }
  std::uint64_t idle_since_us() const { return idle_since_us_; }
  void set_deadline(std::uint64_t time) { deadline_us_ = time; }
  void set_no_deadline() { deadline_us_ = 0; }
  /// Not later than this, whatever was granted before.
  void shorten(std::uint64_t time) {
    if (deadline_us_ == 0 || deadline_us_ > time) deadline_us_ = time;
  }
  bool is_over(std::uint64_t now_us) const { return deadline_us_ != 0 && now_us >= deadline_us_; }

  /// Closed with a request unread, a connection is reset. What has come while the loop was at other
  /// things is read in its next turn: once in each idle time there is time for that, until the next
  /// sweep. `has_unread` is only asked where it decides.
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
