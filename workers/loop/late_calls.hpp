// Decides when a call that the leader runs is late, and whether the next one goes to another
// thread. Knows neither threads nor clocks. Worker.
#pragma once

#include <cstdint>

namespace alicorn {

/// What the spare concludes from looking, again and again, at the call that the leader runs. A call
/// is late when two looks have found the same one, so it has run for one to three milliseconds:
/// a look that finds no call is followed by one two milliseconds later, and a look that finds a new
/// call by one a millisecond later. The leader of a busy server is seldom found inside a short
/// call, so it is looked at 500 times a second.
class LateCallJudge {
 public:
  enum class Verdict {
    kLookSoon,   ///< after a millisecond
    kLookLater,  ///< after two milliseconds
    kSleep,      ///< until a call starts
    kLate,       ///< the call that runs is late
  };

  /// `last_call` is the number of the last call that the leader has begun: it grows.
  Verdict look(std::uint64_t last_call, bool runs) {
    const bool is_same = last_call == last_call_;
    last_call_ = last_call;
    if (!runs) {
      quiet_looks_ = is_same ? quiet_looks_ + 1 : 0;
      return quiet_looks_ >= kQuietLooks ? Verdict::kSleep : Verdict::kLookLater;
    }
    quiet_looks_ = 0;
    return is_same ? Verdict::kLate : Verdict::kLookSoon;
  }

 private:
  static constexpr int kQuietLooks = 2;

  std::uint64_t last_call_ = 0;
  int quiet_looks_ = 0;
};

/// Whether calls took long lately. If they did, the leader is better off doing only I/O.
class CallPace {
 public:
  bool is_slow() const { return calls_left_ > 0; }
  /// A call was late, or has returned on a thread other than the leader.
  void note(bool was_long) {
    if (was_long) {
      calls_left_ = kCallsAfterALongOne;
    } else {
      calls_left_ -= calls_left_ < kCallsForAShortOne ? calls_left_ : kCallsForAShortOne;
    }
  }

 private:
  static constexpr std::uint32_t kCallsAfterALongOne = 64;
  static constexpr std::uint32_t kCallsForAShortOne = 8;

  std::uint32_t calls_left_ = 0;
};

}  // namespace alicorn
