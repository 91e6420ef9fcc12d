// Limits log lines that strangers can cause to one a second, and counts the rest. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace jwt_auth {

class LineLimit {
 public:
  /// The number of events since the last line that had none; nullopt: no line for this event
  /// either.
  std::optional<std::uint64_t> note(std::chrono::steady_clock::time_point now) {
    const std::int64_t time =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    std::int64_t next = next_.load(std::memory_order_relaxed);
    if (time < next ||
        !next_.compare_exchange_strong(next, time + kBetweenLines, std::memory_order_relaxed)) {
      untold_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return untold_.exchange(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::int64_t kBetweenLines = 1'000;  ///< ms

  std::atomic<std::int64_t> next_{INT64_MIN};
  std::atomic<std::uint64_t> untold_{0};
};

}  // namespace jwt_auth
