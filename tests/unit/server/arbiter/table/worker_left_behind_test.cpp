// Workers that not even SIGKILL ends: when the table stops waiting for them.
#include "tests/unit/server/arbiter/table/table_driver.hpp"
#include "workers/contract/stop_times.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include <signal.h>

namespace alicorn {
namespace {

using namespace std::chrono_literals;
using Consequence = Departure::Consequence;
using Kind = Departure::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// From the start of a worker that never becomes ready until it is left behind.
constexpr auto kStuckBoot = 60s + 2s + kTimeAfterKill;

class StuckWorkers : public ::testing::Test {
 protected:
  void start(std::uint32_t count) {
    driver.emplace(workers(count));
    driver->make_all_ready();
  }
  WorkerTable& table() { return driver->table; }

  std::optional<TableDriver> driver;
};

TEST_F(StuckWorkers, KeepNoStop) {
  start(2);
  table().stop(StopMode::kGraceful);
  driver->turn();
  driver->exit_with(1, 0);
  driver->pass_through(33s);
  EXPECT_EQ(table().worker(0).phase, WorkerPhase::kKilled);
  driver->pass(kTimeAfterKill - 1ms);
  EXPECT_FALSE(table().all_left());
  driver->pass(1ms);
  EXPECT_TRUE(table().all_left());
  EXPECT_EQ(table().alive(), 0U);
  ASSERT_THAT(driver->left_behind, SizeIs(1));
  EXPECT_EQ(driver->left_behind[0].kind, Kind::kLeft);
}

TEST_F(StuckWorkers, HaveTheirOwnTimeAfterTheirOwnKill) {
  start(2);
  driver->stuck = {0};
  driver->pass_through(32s);  // aborted, and killed
  driver->make_all_ready();
  driver->pass_through(1h);
  table().stop(StopMode::kQuick);
  driver->turn();
  driver->pass_through(5s);
  driver->pass(kTimeAfterKill - 1ms);
  EXPECT_FALSE(table().all_left());
}

TEST_F(StuckWorkers, OfAReloadEndIt) {
  start(1);
  table().reload(2, workers(1));
  driver->turn();
  EXPECT_THAT(driver->slots_in(WorkerPhase::kStarting), ElementsAre(1U));
  driver->pass_through(kStuckBoot);
  ASSERT_THAT(driver->left_behind, SizeIs(1));
  EXPECT_EQ(driver->left_behind[0].kind, Kind::kBootFailed);
  EXPECT_TRUE(driver->left_behind[0].was_late);
  EXPECT_EQ(driver->left_behind[0].consequence, Consequence::kAbandonReload);
  EXPECT_EQ(table().goal_generation(), 1U);
  EXPECT_FALSE(table().has_workers_of(2)) << "its configuration and listeners can go";
  driver->pass_through(1min);
  EXPECT_EQ(driver->count(WorkerPhase::kReady), 1U);
}

TEST_F(StuckWorkers, DoNotKeepTheNextReloadFromSettling) {
  start(1);
  table().reload(2, workers(1));
  driver->turn();
  table().reload(3, workers(1));
  driver->turn();  // the worker of generation 2 must leave, and does not
  driver->make_ready(2);
  EXPECT_EQ(driver->signal_to(0), SIGTERM);
  driver->exit_with(0, 0);
  driver->pass_through(33s);
  EXPECT_EQ(table().worker(1).phase, WorkerPhase::kKilled);
  EXPECT_FALSE(driver->reached(Milestone::kSettled));
  driver->pass(kTimeAfterKill);
  driver->turn();
  EXPECT_EQ(table().worker(1).phase, WorkerPhase::kLeftBehind);
  EXPECT_TRUE(driver->reached(Milestone::kSettled));
}

TEST_F(StuckWorkers, EndAServerThatHasNeverServed) {
  driver.emplace(workers(1));
  driver->pass_through(kStuckBoot);
  ASSERT_THAT(driver->left_behind, SizeIs(1));
  EXPECT_EQ(driver->left_behind[0].consequence, Consequence::kStopServer);
  EXPECT_EQ(table().exit_code(), ExitCode::kBootError);
  EXPECT_TRUE(table().all_left());
}

TEST_F(StuckWorkers, KeepTheirSlotUntilTheyEnd) {
  start(1);
  driver->stuck = {0};
  driver->pass_through(32s + kTimeAfterKill);
  EXPECT_EQ(table().worker(0).phase, WorkerPhase::kLeftBehind);
  EXPECT_NE(table().worker(0).pid, 0);
  EXPECT_EQ(table().slots_in_use(), 2U) << "with its replacement";
  table().resize(+1);
  driver->turn();
  EXPECT_THAT(driver->spawned(), ElementsAre(2U));
  const Departure end = driver->die_of(0, SIGKILL);
  EXPECT_TRUE(end.was_left_behind);
  EXPECT_EQ(end.kind, Kind::kDied);
  EXPECT_EQ(end.consequence, Consequence::kNone) << "it was told before";
  table().resize(+1);
  driver->turn();
  EXPECT_THAT(driver->spawned(), ElementsAre(0U));
}

TEST_F(StuckWorkers, AreReplacedInAnotherSlotButNotWithoutALimit) {
  start(1);
  driver->die_of(0, SIGSEGV);
  driver->turn();
  EXPECT_THAT(driver->spawned(), ElementsAre(0U));
  driver->pass_through(kStuckBoot);
  ASSERT_THAT(driver->left_behind, SizeIs(1));
  EXPECT_EQ(driver->left_behind[0].consequence, Consequence::kRespawn);
  driver->pass_through(10s);
  EXPECT_THAT(driver->slots_in(WorkerPhase::kStarting), ElementsAre(1U));

  driver->pass_through(1h);
  EXPECT_THAT(driver->left_behind, SizeIs(4));
  EXPECT_THAT(driver->slots_in(WorkerPhase::kKilled), SizeIs(1));
  EXPECT_THAT(driver->slots_in(WorkerPhase::kStarting), IsEmpty());
  EXPECT_GT(table().time_to_next_event(driver->clock), 1s) << "what it waits for is an end";

  driver->die_of(0, SIGKILL);
  driver->turn();
  EXPECT_THAT(driver->left_behind, SizeIs(5)) << "one has ended";
  driver->pass_through(10s);
  EXPECT_THAT(driver->slots_in(WorkerPhase::kStarting), SizeIs(1));
}

TEST_F(StuckWorkers, ThatAreStillTheirZygotesAreNotTheTablesToLeave) {
  driver.emplace(workers(1));
  table().on_spawned(0, 0);
  driver->pass_through(kStuckBoot + 1h);
  EXPECT_THAT(driver->left_behind, IsEmpty());
  EXPECT_EQ(table().worker(0).phase, WorkerPhase::kKilled);
}

}  // namespace
}  // namespace alicorn
