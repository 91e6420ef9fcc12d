#include "workers/net/minimum_rate.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr std::uint64_t kStep = 200'000;
constexpr MinimumRate::Demand kDemand{100, 5'000'000};

class MinimumRateTest : public ::testing::Test {
 protected:
  /// Moves `bytes` in each of `steps` looks. True if a look found the peer too slow.
  bool go(int steps, std::uint64_t bytes, bool waits = true) {
    bool is_broken = false;
    for (int i = 0; i < steps; ++i) {
      moved_ += bytes;
      is_broken |= rate_.look(kDemand, waits, moved_, now_us_ += kStep);
    }
    return is_broken;
  }

  MinimumRate rate_;
  std::uint64_t now_us_ = kStep, moved_ = 0;
};

TEST_F(MinimumRateTest, JudgesAtTheEndOfAWindow) {
  EXPECT_FALSE(go(25, 19));
  EXPECT_FALSE(rate_.is_broken());
  EXPECT_TRUE(go(1, 19));
  EXPECT_TRUE(rate_.is_broken());
}

TEST_F(MinimumRateTest, AcceptsExactlyTheRateItDemands) {
  EXPECT_FALSE(go(200, 20));
}

TEST_F(MinimumRateTest, DoesNotCountAnEarlierFastWindow) {
  EXPECT_FALSE(go(26, 1'000'000));
  EXPECT_TRUE(go(52, 1));
}

TEST_F(MinimumRateTest, CountsOnlyTheTimeSpentWaitingForThePeer) {
  EXPECT_FALSE(go(20, 1));
  EXPECT_FALSE(go(1'000, 0, false));
  EXPECT_FALSE(go(6, 1)) << "the first look after a pause has no time behind it";
  EXPECT_TRUE(go(1, 1));
}

TEST_F(MinimumRateTest, CountsOurOwnStallAsOneSecond) {
  EXPECT_FALSE(go(1, 0));
  now_us_ += 3'600'000'000;
  EXPECT_FALSE(go(1, 0));
  EXPECT_FALSE(go(19, 0));
  EXPECT_TRUE(go(1, 0));
}

TEST_F(MinimumRateTest, StartsOver) {
  EXPECT_TRUE(go(26, 0));
  rate_.restart();
  EXPECT_FALSE(rate_.is_broken());
  EXPECT_FALSE(go(25, 0));
}

}  // namespace
}  // namespace alicorn
