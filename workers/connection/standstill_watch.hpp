// Notices that the worker itself stood still (it was stopped, or its machine had no time for it).
// The app's threads stood still as well, so none of them may be judged stuck before it has had time
// to make up for it. Pure: the time is an argument. Worker, I/O thread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace alicorn {

class StandstillWatch {
 public:
  /// Called with each sweep. False: not enough time has passed since a standstill.
  bool may_judge(std::uint64_t now_us) {
    if (last_us_ != 0 && now_us > last_us_ + kPunctualUs) {
      judge_from_us_ = now_us + std::min(now_us - last_us_, kSecondChanceMaxUs);
    }
    last_us_ = now_us;
    return now_us >= judge_from_us_;
  }

 private:
  static constexpr std::uint64_t kPunctualUs = 1'000'000;  ///< five sweeps
  static constexpr std::uint64_t kSecondChanceMaxUs = 15'000'000;

  std::uint64_t last_us_ = 0, judge_from_us_ = 0;
};

}  // namespace alicorn
