#include "store/silence.hpp"

#include "store/records.hpp"

#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

class SilenceTest : public testing::Test {
 protected:
  void pass(milliseconds time) { now_ += time; }

  Deadline::Clock::time_point now_{std::chrono::hours(1)};
  Silence silence_{milliseconds(5000), [this] { return now_; }};
};

TEST_F(SilenceTest, LetsEverybodyAskADatabaseThatAnswers) {
  const auto first = silence_.ask("a"), second = silence_.ask("b");
  EXPECT_EQ(first.time, milliseconds(5000));
  EXPECT_EQ(second.time, milliseconds(5000));
  EXPECT_FALSE(second.is_probe);
  silence_.answered(first);
  silence_.answered(second);
  EXPECT_EQ(silence_.ask("c").silences, 0U);
}

TEST_F(SilenceTest, LetsOneAtATimeTestWhetherItIsBack) {
  silence_.unanswered(silence_.ask("a"));
  const auto probe = silence_.ask("b");
  EXPECT_TRUE(probe.is_probe);
  EXPECT_EQ(probe.silences, 1U);
  EXPECT_THROW(silence_.ask("c"), StoreUnavailable);
  EXPECT_THROW(silence_.ask("d"), StoreUnavailable);
  silence_.unanswered(probe);
  const auto next = silence_.ask("e");
  EXPECT_TRUE(next.is_probe);
  EXPECT_THROW(silence_.ask("f"), StoreUnavailable);
  silence_.answered(next);
  EXPECT_FALSE(silence_.ask("g").is_probe);
  EXPECT_FALSE(silence_.ask("h").is_probe);
}

TEST_F(SilenceTest, HoldsAThreadForAShortProbeAndLongerOnlyForASlowDatabase) {
  silence_.unanswered(silence_.ask("a"));
  for (const int expected : {1000, 2000, 4000, 5000, 5000}) {
    const auto probe = silence_.ask("b");
    EXPECT_EQ(probe.time, milliseconds(expected));
    silence_.unanswered(probe);
  }
  silence_.answered(silence_.ask("b"));
  pass(milliseconds(1));
  silence_.unanswered(silence_.ask("a"));
  EXPECT_EQ(silence_.ask("b").time, milliseconds(1000));
}

TEST_F(SilenceTest, NeverProbesForLongerThanACallMayTake) {
  Silence impatient(milliseconds(300));
  impatient.unanswered(impatient.ask("a"));
  EXPECT_EQ(impatient.ask("b").time, milliseconds(300));
}

TEST_F(SilenceTest, NeedsMoreThanOneDeadConnection) {
  const auto hangs = silence_.ask("a");
  pass(milliseconds(10));
  silence_.answered(silence_.ask("b"));
  pass(milliseconds(5000));
  silence_.unanswered(hangs);
  EXPECT_FALSE(silence_.ask("c").is_probe);
}

TEST_F(SilenceTest, IsCountedOnceForCallsThatWaitedTogether) {
  const auto first = silence_.ask("a"), second = silence_.ask("b");
  pass(milliseconds(5000));
  silence_.unanswered(first);
  const auto probe = silence_.ask("c");
  pass(milliseconds(1));
  silence_.answered(probe);
  silence_.unanswered(second);
  const auto next = silence_.ask("d");
  EXPECT_FALSE(next.is_probe);
  EXPECT_EQ(next.silences, 1U);
}

TEST_F(SilenceTest, EndsWithAnyAnswer) {
  const auto late = silence_.ask("a");
  silence_.unanswered(silence_.ask("b"));
  const auto probe = silence_.ask("c");
  silence_.answered(late);
  EXPECT_FALSE(silence_.ask("d").is_probe);
  silence_.unanswered(probe);
  EXPECT_FALSE(silence_.ask("e").is_probe);
}

}  // namespace
}  // namespace jwt_auth
