// Judges whether a peer moves at least so many bytes a second while we wait for it. Time in which
// we do not wait for the peer does not count: whoever is held up by the app, or by us, is not slow.
// Pure: bytes and time are arguments.
#pragma once

#include <algorithm>
#include <cstdint>

namespace alicorn {

class MinimumRate {
 public:
  struct Demand {
    std::uint64_t rate;       ///< bytes a second
    std::uint64_t window_us;  ///< over which it is averaged
  };

  /// One look, with each sweep. `moved`: a count of bytes that only grows. True: in the window that
  /// ends here the peer was too slow.
  bool look(const Demand& demand, bool waits, std::uint64_t moved, std::uint64_t now_us) {
    const std::uint64_t passed = looked_us_ == 0 ? 0 : now_us - looked_us_;
    looked_us_ = now_us;
    if (!waits) return false;
    if (waited_us_ == 0) moved_ = moved;
    waited_us_ += std::min(passed, kBetweenLooksMax);
    if (waited_us_ < demand.window_us) return false;
    const std::uint64_t wanted = demand.rate * waited_us_ / 1'000'000;
    waited_us_ = 0;
    is_broken_ = moved - moved_ < wanted;
    return is_broken_;
  }
  /// What the last look at a whole window said.
  bool is_broken() const { return is_broken_; }
  void restart() { *this = MinimumRate{}; }

 private:
  /// A worker that stood still for longer did not read or write either.
  static constexpr std::uint64_t kBetweenLooksMax = 1'000'000;

  std::uint64_t looked_us_ = 0;  ///< 0: not yet
  std::uint64_t waited_us_ = 0;  ///< in this window
  std::uint64_t moved_ = 0;      ///< at the window's begin
  bool is_broken_ = false;
};

}  // namespace alicorn
