// Judges whether a peer moves a minimum number of bytes per second while we wait for it. Time in
// which we do not wait for the peer does not count: a peer that is held up by the app or by us is
// not slow. Pure: bytes and time are arguments. Worker, I/O thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace alicorn {

class MinimumRate {
 public:
  struct Demand {
    std::uint64_t rate;       ///< bytes per second
    std::uint64_t window_us;  ///< time over which the rate is averaged
  };

  /// One look, made in each sweep. `moved` is a count of bytes that only grows. True: in the window
  /// that ends now the peer was too slow.
  bool look(const Demand& demand, bool waits, std::uint64_t moved, std::uint64_t now_us) {
    const std::uint64_t looked_us = std::exchange(looked_us_, waits ? now_us : 0);
    if (!waits) return false;
    // Bytes and time of a window start with the same look.
    if (looked_us == 0 && waited_us_ == 0) moved_ = moved;
    if (looked_us != 0) waited_us_ += std::min(now_us - looked_us, kBetweenLooksMax);
    if (waited_us_ < demand.window_us) return false;
    const std::uint64_t wanted = demand.rate * std::exchange(waited_us_, 0) / 1'000'000;
    is_broken_ = moved - std::exchange(moved_, moved) < wanted;
    return is_broken_;
  }
  /// The verdict of the last complete window.
  bool is_broken() const { return is_broken_; }
  void restart() { *this = MinimumRate{}; }

 private:
  /// A worker that stood still for longer did not read or write either.
  static constexpr std::uint64_t kBetweenLooksMax = 1'000'000;

  std::uint64_t looked_us_ = 0;  ///< 0: we were not waiting at the last look
  std::uint64_t waited_us_ = 0;  ///< in this window
  std::uint64_t moved_ = 0;      ///< at the window's start
  bool is_broken_ = false;
};

}  // namespace alicorn
