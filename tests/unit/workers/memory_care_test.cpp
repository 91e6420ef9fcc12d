#include "workers/memory_care.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr MonotonicTime kStart{1h};

class MemoryCareTest : public ::testing::Test {
 protected:
  /// The time until a trim is due, with five sweeps a second. 0: none within ten minutes.
  milliseconds due_after(MemoryCare::Activity activity) {
    for (milliseconds passed{0}; passed < 600s; passed += 200ms) {
      time_ += 200ms;
      if (care.is_due(activity, time_)) return passed + 200ms;
    }
    return 0ms;
  }
  MemoryCare care;
  MonotonicTime time_ = kStart;
};

TEST_F(MemoryCareTest, NeverTrimsAWorkerThatHasDoneNothing) {
  EXPECT_EQ(due_after({}), 0ms);
}

TEST_F(MemoryCareTest, TrimsOnceWhenAWorkerBecomesQuiet) {
  care.is_due({}, kStart);
  EXPECT_FALSE(care.is_due({.requests = 1, .bytes = 10}, kStart + 1s));
  time_ = kStart + 1s;
  EXPECT_EQ(due_after({.requests = 1, .bytes = 10}), MemoryCare::kQuiet);
  EXPECT_EQ(due_after({.requests = 1, .bytes = 10}), 0ms);
  EXPECT_FALSE(care.is_due({.requests = 2, .bytes = 20}, time_));
  EXPECT_EQ(due_after({.requests = 2, .bytes = 20}), MemoryCare::kQuiet);
}

TEST_F(MemoryCareTest, CountsARequestInTheAppAsActivity) {
  care.is_due({.requests = 1}, kStart);
  EXPECT_EQ(due_after({.requests = 1, .runs_calls = true}), 0ms);
}

TEST_F(MemoryCareTest, TrimsABusyWorkerThatMovesMuch) {
  MemoryCare::Activity activity;
  int trims = 0;
  for (time_ = kStart; time_ < kStart + 100s; time_ += 200ms) {
    activity.requests += 100;
    activity.bytes += MemoryCare::kBytesMoved / 4;
    activity.runs_calls = true;
    if (care.is_due(activity, time_)) ++trims;
  }
  EXPECT_GE(trims, 9);
  EXPECT_LE(trims, 11);
}

TEST_F(MemoryCareTest, TrimsWhenAsked) {
  care.ask();
  EXPECT_TRUE(care.is_due({.runs_calls = true}, kStart));
  EXPECT_FALSE(care.is_due({.runs_calls = true}, kStart + 1s));
}

}  // namespace
}  // namespace alicorn
