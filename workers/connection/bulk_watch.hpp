// Notices who sends much at a time, so that others can come first. An event stream may send much in
// the course of hours, and is no bulk for that. Decides without acting. Worker, I/O thread.
#pragma once

#include <cstdint>

namespace alicorn {

class BulkWatch {
 public:
  /// Whoever sends more than this within that time, in µs, sends much.
  static constexpr std::uint64_t kBytes = 64 * 1024;
  static constexpr std::uint64_t kTime = 1'000'000;

  /// True: call look() now.
  bool note_sent(std::uint64_t bytes) {
    sent_ += bytes;
    return sent_ > kBytes;
  }
  /// Whether this is bulk.
  bool look(std::uint64_t now_us) {
    const bool is_bulk = !is_over(now_us);
    since_us_ = now_us;
    sent_ = 0;
    return is_bulk;
  }
  /// Bulk that was found is over.
  bool is_over(std::uint64_t now_us) const { return now_us > since_us_ + kTime; }
  void next_request() { sent_ = 0; }

 private:
  std::uint64_t sent_ = 0;      ///< since then:
  std::uint64_t since_us_ = 0;  ///< the last look
};

}  // namespace alicorn
