// Limits how often a lasting problem is logged: now and then, not each time it occurs. Used by one
// thread.
#pragma once

#include <cstdint>

namespace alicorn {

class RareLine {
 public:
  /// True: log a line this time.
  bool is_due(std::uint64_t now_us) {
    if (said_us_ != 0 && now_us < said_us_ + kInterval) return false;
    said_us_ = now_us;
    return true;
  }
  /// The problem is over. The next one is logged at once.
  void reset() { said_us_ = 0; }

 private:
  static constexpr std::uint64_t kInterval = 10'000'000;  ///< µs

  std::uint64_t said_us_ = 0;  ///< 0: never
};

}  // namespace alicorn
