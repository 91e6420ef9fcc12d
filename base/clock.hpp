// The only place that reads the clock. Used in any process.
#pragma once

#include <chrono>
#include <cstdint>

#include <time.h>

namespace alicorn {

using MonotonicTime = std::chrono::steady_clock::time_point;  // CLOCK_MONOTONIC
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

/// The same, but late by up to a tick of the kernel (4 ms where CONFIG_HZ is 250), and at a fifth
/// of the price: reading the processor's counter takes some 45 ns in a virtual machine.
inline MonotonicTime now_coarse() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return MonotonicTime(seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// Microseconds of CLOCK_MONOTONIC, the unit of app.h and the scoreboard.
inline std::uint64_t to_us(MonotonicTime time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count());
}

inline std::uint64_t to_us(milliseconds duration) {
  return static_cast<std::uint64_t>(duration.count()) * 1000;
}

/// Calendar time. It may jump, so use it only for log lines and the Date header.
inline std::int64_t wall_clock_us() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace alicorn
