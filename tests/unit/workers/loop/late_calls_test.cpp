#include "workers/loop/late_calls.hpp"

#include <gtest/gtest.h>

namespace alicorn::test {
namespace {

using Verdict = LateCallJudge::Verdict;

TEST(LateCallJudge, FindsACallLateThatTwoLooksHaveFound) {
  LateCallJudge judge;
  EXPECT_EQ(judge.look(0, false), Verdict::kLookLater);
  EXPECT_EQ(judge.look(1, true), Verdict::kLookSoon);
  EXPECT_EQ(judge.look(1, true), Verdict::kLate);
}

TEST(LateCallJudge, FindsTheFirstCallOfAllLateToo) {
  LateCallJudge judge;
  EXPECT_EQ(judge.look(1, true), Verdict::kLookSoon);
  EXPECT_EQ(judge.look(1, true), Verdict::kLate);
}

TEST(LateCallJudge, FindsNoCallLateThatIsAnotherEachTime) {
  LateCallJudge judge;
  for (std::uint64_t call = 1; call < 100; ++call) {
    EXPECT_EQ(judge.look(call, true), Verdict::kLookSoon);
  }
}

TEST(LateCallJudge, LooksLessOftenWhileItFindsTheLeaderOutsideCalls) {
  LateCallJudge judge;
  for (std::uint64_t call = 1; call < 100; ++call) {
    EXPECT_EQ(judge.look(call, false), Verdict::kLookLater);
  }
}

TEST(LateCallJudge, SleepsAfterTwoLooksWithoutANewCall) {
  LateCallJudge judge;
  EXPECT_EQ(judge.look(7, false), Verdict::kLookLater);
  EXPECT_EQ(judge.look(7, false), Verdict::kLookLater);
  EXPECT_EQ(judge.look(7, false), Verdict::kSleep);
  EXPECT_EQ(judge.look(8, true), Verdict::kLookSoon);
  EXPECT_EQ(judge.look(8, false), Verdict::kLookLater);
}

TEST(CallPace, IsSlowFromALongCallUntilEightShortOnes) {
  CallPace pace;
  EXPECT_FALSE(pace.is_slow());
  pace.note(true);
  for (int calls = 0; calls < 8; ++calls) {
    EXPECT_TRUE(pace.is_slow());
    pace.note(false);
  }
  EXPECT_FALSE(pace.is_slow());
  pace.note(false);
  EXPECT_FALSE(pace.is_slow());
}

TEST(CallPace, StaysSlowWhileOneCallInSevenIsLong) {
  CallPace pace;
  for (int calls = 0; calls < 700; ++calls) {
    pace.note(calls % 7 == 0);
    EXPECT_TRUE(pace.is_slow());
  }
}

}  // namespace
}  // namespace alicorn::test
