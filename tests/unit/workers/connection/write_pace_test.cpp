// Which client is too slow for its response, from counts and times.
#include "workers/connection/write_pace.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

Deadlines limits(int timeout_s, std::uint32_t rate = 0) {
  Deadlines deadlines;
  deadlines.write = std::chrono::seconds(timeout_s);
  deadlines.write_min_rate = rate;
  return deadlines;
}

TEST(WritePace, ABlockedClientHasItsTimeoutFromWhenItLastTookSomething) {
  const Deadlines deadlines = limits(30);
  WritePace pace;
  pace.note_blocked(100 * kSecond);
  EXPECT_TRUE(pace.is_blocked());
  EXPECT_EQ(pace.look_at_blocked(deadlines, 1000, 5000, 101 * kSecond), std::nullopt);
  EXPECT_EQ(pace.look_at_blocked(deadlines, 900, 5000, 129 * kSecond), std::nullopt);
  EXPECT_EQ(pace.look_at_blocked(deadlines, 900, 5000, 159 * kSecond), std::nullopt)
      << "it took a hundred bytes at 129";
  EXPECT_EQ(pace.look_at_blocked(deadlines, 900, 5000, 159 * kSecond + 1),
            CutReason::kWriteTimeout);
}

TEST(WritePace, ASecondNoteDoesNotPutItOff) {
  WritePace pace;
  pace.note_blocked(100 * kSecond);
  pace.note_blocked(120 * kSecond);
  EXPECT_EQ(pace.look_at_blocked(limits(30), 10, 10, 131 * kSecond), CutReason::kWriteTimeout);
  pace.note_moved();
  EXPECT_FALSE(pace.is_blocked());
}

TEST(WritePace, WithoutATimeoutNobodyIsTooLate) {
  WritePace pace;
  pace.note_blocked(100 * kSecond);
  EXPECT_EQ(pace.look_at_blocked(limits(0), 10, 10, 9000 * kSecond), std::nullopt);
  EXPECT_EQ(pace.look_at_moving(limits(0), 1, 9000 * kSecond), std::nullopt);
}

TEST(WritePace, WhatLeftTheKernelCountsForTheRate) {
  const Deadlines deadlines = limits(30, 1000);
  const auto run = [&](std::uint64_t bytes_a_second) {
    WritePace pace;
    pace.note_blocked(100 * kSecond);
    constexpr std::uint64_t kSent = 10'000'000;
    std::optional<CutReason> reason;
    for (std::uint64_t s = 1; s <= 70 && !reason; ++s) {
      const std::size_t unsent = kSent - bytes_a_second * s;
      reason = pace.look_at_blocked(deadlines, unsent, kSent, (100 + s) * kSecond);
    }
    return reason;
  };
  EXPECT_EQ(run(999), CutReason::kWriteRate);
  EXPECT_EQ(run(1001), std::nullopt);
}

TEST(WritePace, AFileThatDoesNotComeIsTheFilesFault) {
  const Deadlines deadlines = limits(30);
  WritePace pace;
  EXPECT_EQ(pace.look_at_moving(deadlines, 0, 500 * kSecond), std::nullopt) << "none is waited for";
  EXPECT_EQ(pace.look_at_moving(deadlines, 100 * kSecond, 130 * kSecond), std::nullopt);
  EXPECT_EQ(pace.look_at_moving(deadlines, 100 * kSecond, 130 * kSecond + 1), CutReason::kFile);
}

}  // namespace
}  // namespace alicorn
