#include "workers/connection/standstill_watch.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

TEST(StandstillWatch, JudgesAtOnceAndAsLongAsItIsAskedOften) {
  StandstillWatch watch;
  for (std::uint64_t time = 100 * kSecond; time < 110 * kSecond; time += kSecond / 5) {
    EXPECT_TRUE(watch.may_judge(time));
  }
}

TEST(StandstillWatch, GivesAsMuchTimeAsWasLost) {
  StandstillWatch watch;
  watch.may_judge(100 * kSecond);
  for (std::uint64_t time = 104 * kSecond; time < 108 * kSecond; time += kSecond / 5) {
    EXPECT_FALSE(watch.may_judge(time)) << time;
  }
  EXPECT_TRUE(watch.may_judge(108 * kSecond));
}

TEST(StandstillWatch, GivesNoMoreThanFifteenSeconds) {
  StandstillWatch watch;
  watch.may_judge(100 * kSecond);
  EXPECT_FALSE(watch.may_judge(3700 * kSecond));
  for (std::uint64_t time = 3700 * kSecond; time < 3715 * kSecond; time += kSecond / 5) {
    EXPECT_FALSE(watch.may_judge(time)) << time;
  }
  EXPECT_TRUE(watch.may_judge(3715 * kSecond));
}

}  // namespace
}  // namespace alicorn
