#include "workers/farewell.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Step = Farewell::Step;

constexpr MonotonicTime kStart{1h};

TEST(Farewell, AcceptsUntilItsTimeIsOver) {
  Farewell farewell;
  EXPECT_TRUE(farewell.accepts(kStart));
  EXPECT_TRUE(farewell.begin(graceful_farewell(30s), kStart));
  EXPECT_TRUE(farewell.accepts(kStart + 199ms));
  EXPECT_FALSE(farewell.accepts(kStart + 200ms));
  EXPECT_FALSE(farewell.is_overdue(kStart + 30s));
  EXPECT_TRUE(farewell.is_overdue(kStart + 30'001ms));
}

TEST(Farewell, ASecondPlanCanOnlyShortenTheFirst) {
  Farewell farewell;
  farewell.begin(graceful_farewell(30s), kStart);
  EXPECT_EQ(farewell.patience_with_threads(), 500ms);
  EXPECT_FALSE(farewell.begin(kQuickFarewell, kStart + 100ms));
  EXPECT_EQ(farewell.patience_with_threads(), kQuickFarewell.threads);
  EXPECT_FALSE(farewell.accepts(kStart + 150ms));
  EXPECT_TRUE(farewell.is_overdue(kStart + 901ms));
  farewell.begin(graceful_farewell(30s), kStart + 200ms);
  EXPECT_TRUE(farewell.is_overdue(kStart + 901ms));
}

TEST(Farewell, AnotherPlanDoesNotDelayTheLastWords) {
  Farewell farewell;
  farewell.begin(graceful_farewell(1s), kStart);
  farewell.begin_last_words(kStart + 1s);
  farewell.begin(graceful_farewell(30s), kStart + 1'500ms);
  EXPECT_EQ(farewell.step(), Step::kLastWords);
  EXPECT_FALSE(farewell.accepts(kStart + 1'500ms));
  EXPECT_FALSE(farewell.is_overdue(kStart + 2s));
  EXPECT_TRUE(farewell.is_overdue(kStart + 2'001ms));
}

TEST(Farewell, AQuickStopTakesLittleMoreThanASecond) {
  EXPECT_LE(kQuickFarewell.all + kQuickFarewell.last_words + kQuickFarewell.threads, 1'100ms);
}

}  // namespace
}  // namespace alicorn
