// The goals of the worker table: resize, reload, stop, park.
#include "server/arbiter/table/worker_table.hpp"
#include "server/config/config.hpp"
#include "tests/unit/server/arbiter/table/table_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using testing::ElementsAre;
using testing::IsEmpty;
using Consequence = Departure::Consequence;
using Kind = Departure::Kind;

TEST(Resize, AddsAndDrainsTheHighestSlot) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.resize(+1);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(2U));
  driver.make_ready(2);
  driver.table.resize(-1);
  driver.turn();
  EXPECT_EQ(driver.signal_to(2), SIGTERM);
  EXPECT_EQ(driver.exit_with(2, 0).kind, Kind::kLeft);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST(Resize, NeverBelowOneNorAboveTheMost) {
  TableDriver driver(workers(1));
  driver.table.resize(-1);
  EXPECT_EQ(driver.table.target(), 1U);
  driver.table.resize(+100'000);
  EXPECT_EQ(driver.table.target(), kWorkersMax);
}

TEST(Resize, GivesUpWhatIsNotThereYetFirst) {
  TableDriver driver(workers(3));
  driver.make_ready(0);
  driver.make_ready(2);
  driver.table.resize(-1);
  driver.turn();
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
}

TEST(Resize, GivesUpAKeptPlaceBeforeAnything) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.die_of(0, SIGSEGV);
  driver.table.resize(-1);
  EXPECT_THAT(driver.turn(), IsEmpty());
  EXPECT_THAT(driver.pass(1s), IsEmpty());
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 1U);
}

TEST(Reload, ReplacesOneAfterTheOtherNewOnesFirst) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.reload(2, workers(2));
  driver.turn();
  ASSERT_THAT(driver.spawned(), ElementsAre(2U));
  EXPECT_EQ(std::get<Spawn>(driver.orders.front()).generation, 2U);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  EXPECT_THAT(driver.turn(), IsEmpty());

  driver.make_ready(2);
  EXPECT_TRUE(driver.reached(Milestone::kGenerationServes));
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
  EXPECT_EQ(driver.signal_to(1), 0);
  EXPECT_THAT(driver.spawned(), ElementsAre(3U));

  driver.make_ready(3);
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  EXPECT_FALSE(driver.reached(Milestone::kSettled));
  driver.let_leave();
  EXPECT_TRUE(driver.reached(Milestone::kSettled));
  EXPECT_THAT(driver.slots_in(WorkerPhase::kReady), ElementsAre(2U, 3U));
}

TEST(Reload, NeverServesWithFewerWorkers) {
  TableDriver driver(workers(4, 2));
  driver.make_all_ready();
  driver.table.reload(2, workers(4, 2));
  driver.turn();
  for (int step = 0; step < 10; ++step) {
    EXPECT_GE(driver.count(WorkerPhase::kReady), 4U);
    EXPECT_LE(driver.count(WorkerPhase::kReady) + driver.count(WorkerPhase::kStarting), 6U);
    const auto starting = driver.slots_in(WorkerPhase::kStarting);
    if (!starting.empty()) driver.make_ready(starting.front());
  }
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 4U);
  EXPECT_EQ(driver.count(WorkerPhase::kDraining), 4U);
}

TEST(Reload, StartsUpToMaxSurgeAtOnce) {
  TableDriver driver(workers(4, 3));
  driver.make_all_ready();
  driver.table.reload(2, workers(4, 3));
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 3U);
}

TEST(Reload, AGenerationThatCannotLoadIsAbandoned) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.reload(2, workers(2));
  driver.turn();
  const Departure departure = driver.exit_with(2, 4);
  EXPECT_EQ(departure.kind, Kind::kBootFailed);
  EXPECT_EQ(departure.consequence, Consequence::kAbandonReload);
  EXPECT_EQ(driver.table.goal_generation(), 1U);
  driver.turn();
  EXPECT_THAT(driver.spawned(), IsEmpty());
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  driver.pass_through(1min);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kOk);
}

TEST(Reload, AGenerationThatCrashesWhileBootingIsAbandonedAfterThreeTries) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.reload(2, workers(1));
  driver.turn();
  EXPECT_EQ(driver.die_of(1, SIGSEGV).consequence, Consequence::kRespawn);
  driver.pass(50ms);
  EXPECT_EQ(driver.die_of(1, SIGSEGV).consequence, Consequence::kRespawn);
  driver.pass(100ms);
  EXPECT_EQ(driver.die_of(1, SIGSEGV).consequence, Consequence::kAbandonReload);
  driver.pass_through(1min);
  EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kReady);
  EXPECT_EQ(driver.count(WorkerPhase::kStarting), 0U);
}

TEST(Reload, OneThatIsNotReadyInTimeIsAbandoned) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.reload(2, workers(1));
  driver.turn();
  driver.pass_through(60s);
  EXPECT_EQ(driver.signal_to(1), SIGABRT);
  EXPECT_EQ(driver.die_of(1, SIGABRT).consequence, Consequence::kAbandonReload);
}

TEST(Reload, WorkersOfAnAbandonedGenerationAreLetGo) {
  TableDriver driver(workers(2, 2));
  driver.make_all_ready();
  driver.table.reload(2, workers(2, 2));
  driver.turn();
  ASSERT_THAT(driver.spawned(), ElementsAre(2U, 3U));
  driver.exit_with(2, 3);
  driver.turn();
  EXPECT_EQ(driver.signal_to(3), SIGTERM);
  EXPECT_EQ(driver.exit_with(3, 3).consequence, Consequence::kNone);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
}

TEST(Reload, HasNoWayBackOnceAWorkerWasReady) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.reload(2, workers(2));
  driver.turn();
  driver.make_ready(2);
  ASSERT_THAT(driver.spawned(), ElementsAre(3U));
  EXPECT_EQ(driver.exit_with(3, 4).consequence, Consequence::kRespawn);
  EXPECT_EQ(driver.table.goal_generation(), 2U);
  EXPECT_EQ(driver.table.worker(1).phase, WorkerPhase::kReady);  // it goes on serving meanwhile
}

TEST(Reload, TwoInARowGoToTheLast) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.reload(2, workers(1));
  driver.turn();
  driver.table.reload(3, workers(1));
  driver.turn();
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  ASSERT_THAT(driver.spawned(), ElementsAre(2U));
  driver.exit_with(1, 0);
  driver.make_ready(2);
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
  EXPECT_EQ(driver.table.serving_generation(), 3U);
}

TEST(Reload, BeforeAnythingServedAFailureStillStopsTheServer) {
  TableDriver driver(workers(1));
  driver.table.reload(2, workers(1));
  driver.turn();
  EXPECT_EQ(driver.exit_with(0, 4).consequence,
            Consequence::kNone);  // nobody waits for it any more
  EXPECT_EQ(driver.exit_with(1, 4).consequence, Consequence::kStopServer);
}

TEST(Reload, AnOldWorkerThatDiesOnceTheNewGenerationServesIsReplacedByANewOne) {
  TableDriver driver(workers(3));
  driver.make_all_ready();
  driver.table.reload(2, workers(3));
  driver.turn();
  driver.make_ready(3);
  driver.die_of(1, SIGSEGV);
  driver.turn();
  ASSERT_EQ(driver.spawned().size(), 1U);
  EXPECT_EQ(driver.table.worker(driver.spawned()[0]).generation, 2U);
}

TEST(Reload, ClearsTheRecordOfCrashes) {
  TableDriver driver(workers(1));
  for (int death = 0; death < 8; ++death) {
    driver.make_ready(0);
    driver.pass_through(driver.die_of(0, SIGSEGV).respawn_in);
  }
  driver.make_ready(0);
  driver.die_of(0, SIGSEGV);
  driver.table.reload(2, workers(1));
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(1U)) << "the place that waits is the old generation's";
  driver.make_ready(1);
  EXPECT_EQ(driver.die_of(1, SIGSEGV).respawn_in, 0ms);
}

TEST(Reload, WaitsForAFreeSlotWhenDrainingWorkersHoldThemAll) {
  TableDriver driver(workers(kWorkersMax, kWorkersMax));
  driver.make_all_ready();
  driver.table.reload(2, workers(kWorkersMax, kWorkersMax));
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), kWorkerSlots - kWorkersMax);
  driver.make_all_ready();
  driver.let_leave();
  EXPECT_FALSE(driver.spawned().empty());
}

TEST(Stop, GracefulTellsEachOnceThenKills) {
  TableDriver driver(workers(2));
  driver.make_ready(0);
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  EXPECT_EQ(std::get<Milestone>(driver.orders.front()), Milestone::kStopping);
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
  EXPECT_EQ(driver.signal_to(1), SIGTERM);  // it still boots
  EXPECT_THAT(driver.turn(), IsEmpty());
  driver.pass_through(32'999ms);
  EXPECT_EQ(driver.signal_to(0), 0);
  driver.pass(1ms);
  EXPECT_EQ(driver.signal_to(0), SIGKILL);
  EXPECT_EQ(driver.signal_to(1), SIGKILL);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST(Stop, EndsWhenAllHaveLeft) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  EXPECT_EQ(driver.exit_with(0, 0).kind, Kind::kLeft);
  EXPECT_FALSE(driver.table.all_left());
  driver.die_of(1, SIGKILL);
  EXPECT_TRUE(driver.table.all_left());
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kOk);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST(Stop, QuickQuitsThenKills) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.stop(StopMode::kQuick);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGQUIT);
  driver.pass_through(5s);
  EXPECT_EQ(driver.signal_to(0), SIGKILL);
  EXPECT_EQ(driver.reason_for(0), SignalReason::kStillThere);
}

TEST(Stop, QuickOvertakesGracefulAndNeverBack) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  driver.table.stop(StopMode::kQuick);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGQUIT);
  EXPECT_FALSE(driver.reached(Milestone::kStopping));  // said before
  driver.table.stop(StopMode::kGraceful);
  EXPECT_EQ(driver.table.stop_mode(), StopMode::kQuick);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST(Stop, WinsOverAReloadAndAPlaceThatIsKept) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.die_of(0, SIGSEGV);
  driver.table.stop(StopMode::kGraceful);
  driver.table.reload(2, workers(2));
  driver.turn();
  EXPECT_THAT(driver.spawned(), IsEmpty());
  driver.let_leave();
  driver.pass_through(10s);
  EXPECT_THAT(driver.spawned(), IsEmpty());
  EXPECT_TRUE(driver.table.all_left());
}

TEST(Stop, ADeathMeanwhileIsNotReplaced) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.stuck = {0};
  driver.pass_through(30s);
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), 0);  // being aborted already
  EXPECT_EQ(driver.die_of(0, SIGABRT).consequence, Consequence::kNone);
}

TEST(Park, DrainsAllAndStaysAlive) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.park();
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  driver.let_leave();
  driver.pass_through(1min);
  EXPECT_TRUE(driver.table.all_left());
  EXPECT_EQ(driver.table.stop_mode(), StopMode::kNone);
}

TEST(Park, AReloadBringsTheWorkersBackAtOnce) {
  TableDriver driver(workers(3));
  driver.make_all_ready();
  driver.table.park();
  driver.turn();
  driver.let_leave();
  driver.table.reload(2, workers(3));
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 3U);
}

TEST(Park, UnparkBringsThemBackInTheSameGeneration) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  EXPECT_FALSE(driver.table.unpark());
  driver.table.park();
  driver.turn();
  EXPECT_FALSE(driver.table.has_ready_workers());
  EXPECT_TRUE(driver.table.unpark());
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 2U);
  driver.let_leave();
  driver.make_all_ready();
  EXPECT_TRUE(driver.table.has_ready_workers());
  EXPECT_TRUE(driver.reached(Milestone::kSettled));
}

TEST(Park, AnAbandonedReloadBringsTheOldWorkersBack) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.park();
  driver.turn();
  driver.let_leave();
  driver.table.reload(2, workers(1));
  driver.turn();
  EXPECT_EQ(driver.exit_with(0, 4).consequence, Consequence::kAbandonReload);
  driver.turn();
  ASSERT_EQ(driver.spawned().size(), 1U);
  EXPECT_EQ(std::get<Spawn>(driver.orders.front()).generation, 1U);
}

}  // namespace
}  // namespace alicorn
