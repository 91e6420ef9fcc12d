// When things happened to a call, in µs of CLOCK_MONOTONIC; 0: not yet, or never. Worker. The app's
// thread and the I/O thread write and read without a lock.
#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace alicorn {

class CallTimes {
 public:
  std::uint64_t deadline_us() const { return read(deadline_us_); }
  /// When on_request began; 0: the request waits for a thread.
  std::uint64_t started_us() const { return read(started_us_); }
  const std::atomic<std::uint64_t>& started_mark() const { return started_us_; }
  /// When the running (or last) callback began. This distinguishes one callback from the next.
  std::uint64_t callback_since_us() const { return read(callback_since_us_); }
  /// The last sign of life of the running callback: its beginning, a call that moves bytes, or the
  /// end of a wait for the client.
  std::uint64_t sign_of_life_us() const { return read(sign_of_life_us_); }
  /// How long the app has asked to be left alone; 0: it has not asked.
  std::uint64_t extended_us() const { return read(extended_us_); }

  void set_deadline_us(std::uint64_t time) { write(deadline_us_, time); }
  void begin_callback(std::uint64_t time) {
    write(callback_since_us_, time);
    write(sign_of_life_us_, time);
  }
  void begin_request(std::uint64_t time) { write(started_us_, time); }
  void note_sign_of_life() { write(sign_of_life_us_, to_us(now())); }
  void note_extension(std::uint64_t time, std::uint64_t until) {
    write(sign_of_life_us_, time);
    write(extended_us_, until);
  }

  // I/O thread.

  /// Notes that the running callback is being examined because the request's time is over. True
  /// once for each callback, because one that has returned says nothing about the next.
  bool note_overdue() { return note(overdue_callback_us_); }
  /// Notes that the callback has held its thread for long. True once for each callback.
  bool note_slow() { return note(slow_callback_us_); }
  /// The callback has been without a sign of life for too long.
  bool is_silent() const { return is_silent_; }
  void note_silent() { is_silent_ = true; }
  /// Since when no client has been waiting.
  std::uint64_t abandoned_us() const { return abandoned_us_; }
  void note_abandoned(std::uint64_t time) { abandoned_us_ = time; }

  void reset() {
    overdue_callback_us_ = slow_callback_us_ = 0;
    is_silent_ = false;
    write(deadline_us_, 0);
    write(started_us_, 0);
    write(extended_us_, 0);
  }

 private:
  using Mark = std::atomic<std::uint64_t>;
  static std::uint64_t read(const Mark& mark) { return mark.load(std::memory_order_relaxed); }
  static void write(Mark& mark, std::uint64_t time) { mark.store(time, std::memory_order_relaxed); }
  bool note(std::uint64_t& noted) const {
    const std::uint64_t callback = callback_since_us();
    return std::exchange(noted, callback) != callback;
  }

  Mark deadline_us_{0}, started_us_{0}, callback_since_us_{0}, sign_of_life_us_{0}, extended_us_{0};
  std::uint64_t overdue_callback_us_ = 0, slow_callback_us_ = 0, abandoned_us_ = 0;
  bool is_silent_ = false;
};

}  // namespace alicorn
