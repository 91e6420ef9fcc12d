// Notices when the app has as many requests as it may have and completes none of them. Pure: the
// time is an argument. Worker, I/O thread.
#pragma once

#include <cstdint>
#include <utility>

namespace alicorn {

class CallTableWatch {
 public:
  /// `given_back`: how many calls have ever been given back. True: the table is full, and no call
  /// has come back for a while.
  bool look(bool is_full, std::uint64_t given_back, std::uint64_t now_us) {
    if (!is_full) {
      is_told_ = was_full_ = false;
      return false;
    }
    if (!std::exchange(was_full_, true) || given_back != given_back_) {
      given_back_ = given_back;
      since_us_ = now_us;
    }
    return now_us >= since_us_ + kPatienceUs;
  }
  /// True once, until there is room again.
  bool is_news() { return !std::exchange(is_told_, true); }
  /// A few lost calls are no reason: the others may come back. And if their clients are still
  /// there, a replacement for the worker would soon have just as many requests.
  static bool is_worth_replacing(std::uint32_t lost, std::uint32_t in_use) {
    return lost > 0 && lost >= in_use / 8;
  }

 private:
  /// When load fills the table of an app that works, calls still come back all the time.
  static constexpr std::uint64_t kPatienceUs = 1'000'000;

  bool was_full_ = false, is_told_ = false;
  std::uint64_t given_back_ = 0, since_us_ = 0;
};

}  // namespace alicorn
