// A trouble that goes on is worth a line in the log now and then, not each time that it shows. One
// thread's.
#pragma once

#include <cstdint>

namespace alicorn {

class RareLine {
 public:
  /// True: this time it is worth a line.
  bool is_due(std::uint64_t now_us) {
    if (said_us_ != 0 && now_us < said_us_ + kInterval) return false;
    said_us_ = now_us;
    return true;
  }
  /// The trouble is over: the next one is told of at once.
  void reset() { said_us_ = 0; }

 private:
  static constexpr std::uint64_t kInterval = 10'000'000;  ///< µs

  std::uint64_t said_us_ = 0;  ///< 0: never
};

}  // namespace alicorn
