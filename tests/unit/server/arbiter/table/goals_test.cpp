#include "server/arbiter/table/goals.hpp"

#include "workers/contract/sizes.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

constexpr MonotonicTime kStart{std::chrono::hours(1)};

WorkerPolicy of(std::uint32_t workers) {
  return {.workers = workers};
}

/// The first generation serves.
Goals proven(std::uint32_t workers = 2) {
  Goals goals(1, of(workers));
  goals.note_proof();
  return goals;
}

TEST(Goals, WantAtLeastOneWorkerAndNotMoreThanThereAreSlotsFor) {
  Goals goals(1, of(0));
  EXPECT_EQ(goals.target(), 1U);
  goals.resize(-1);
  EXPECT_EQ(goals.target(), 1U);
  goals.resize(+3);
  EXPECT_EQ(goals.target(), 4U);
  goals.resize(static_cast<int>(kWorkersMax));
  EXPECT_EQ(goals.target(), kWorkersMax);
}

TEST(Goals, StandInForNothingBeforeAnythingHasServed) {
  Goals goals(1, of(2));
  EXPECT_EQ(goals.serving_generation(), 0U);
  EXPECT_FALSE(goals.is_proven());
  EXPECT_FALSE(goals.wants_stand_ins());
  goals.reload(2, of(2));
  EXPECT_FALSE(goals.wants_stand_ins());
  EXPECT_FALSE(goals.is_kept_up(1));
  EXPECT_TRUE(goals.is_kept_up(2));
}

TEST(Goals, KeepUpWhatServesUntilAReloadIsProven) {
  Goals goals = proven();
  EXPECT_FALSE(goals.wants_stand_ins());
  goals.reload(2, of(2));
  EXPECT_TRUE(goals.wants_stand_ins());
  goals.reload(3, of(2));
  EXPECT_TRUE(goals.is_kept_up(1));
  EXPECT_FALSE(goals.is_kept_up(2)) << "a newer reload has taken its place";
  EXPECT_TRUE(goals.is_kept_up(3));
  goals.note_proof();
  EXPECT_FALSE(goals.is_kept_up(1));
  EXPECT_EQ(goals.serving_generation(), 3U);
}

TEST(Goals, GoBackToWhatServesWhereAReloadIsAbandoned) {
  Goals goals = proven();
  WorkerPolicy other = of(7);
  other.max_surge = 5;
  goals.reload(2, other);
  EXPECT_EQ(goals.policy().max_surge, 5U);
  EXPECT_EQ(goals.policy_of(1).max_surge, 1U);
  goals.abandon_reload();
  EXPECT_EQ(goals.generation(), 1U);
  EXPECT_EQ(goals.policy().max_surge, 1U);
  EXPECT_EQ(goals.target(), 2U) << "it never served";
  EXPECT_TRUE(goals.is_proven());
}

TEST(Goals, KeepTheNumberUnlessTheOperatorWroteAnother) {
  Goals goals = proven(2);
  goals.resize(+1);
  goals.reload(2, of(2));
  goals.note_proof();
  EXPECT_EQ(goals.target(), 3U);
  goals.reload(3, of(5));
  EXPECT_EQ(goals.target(), 3U) << "not before it serves";
  goals.note_proof();
  EXPECT_EQ(goals.target(), 5U);
}

/// Workers that were sent away do not come back, even if a second reload follows the first.
TEST(Goals, ParkedWantNoStandInsForAReload) {
  Goals goals = proven();
  goals.park();
  EXPECT_FALSE(goals.wants_workers());
  goals.reload(2, of(2));
  EXPECT_TRUE(goals.wants_workers());
  EXPECT_FALSE(goals.wants_stand_ins());
  goals.reload(3, of(2));
  EXPECT_FALSE(goals.wants_stand_ins());
  goals.note_proof();
  goals.reload(4, of(2));
  EXPECT_TRUE(goals.wants_stand_ins()) << "a generation that serves was never parked";
}

TEST(Goals, AreUnparkedOnce) {
  Goals goals = proven();
  EXPECT_FALSE(goals.unpark());
  goals.park();
  EXPECT_TRUE(goals.unpark());
  EXPECT_FALSE(goals.unpark());
  EXPECT_TRUE(goals.wants_workers());
}

TEST(Goals, StopNeverMoreGentlyThanBefore) {
  Goals goals = proven();
  goals.terminate(kStart);
  EXPECT_EQ(goals.stop_mode(), StopMode::kGraceful);
  EXPECT_FALSE(goals.wants_workers());
  goals.terminate(kStart + milliseconds(999));
  EXPECT_EQ(goals.stop_mode(), StopMode::kGraceful);
  goals.terminate(kStart + milliseconds(1'000));
  EXPECT_EQ(goals.stop_mode(), StopMode::kQuick);
  goals.stop(StopMode::kGraceful);
  EXPECT_EQ(goals.stop_mode(), StopMode::kQuick);
}

}  // namespace
}  // namespace alicorn
