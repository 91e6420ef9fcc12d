// Starting, keeping and replacing single workers: boot, back-off, deadlines, clock jumps.
#include "server/arbiter/table/worker_table.hpp"

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

TEST(WorkerTable, StartsAllWorkersAtOnce) {
  TableDriver driver(workers(3));
  EXPECT_THAT(driver.spawned(), ElementsAre(0U, 1U, 2U));
  EXPECT_EQ(std::get<Spawn>(driver.orders.front()).generation, 1U);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST(WorkerTable, ANewTableWantsToDecideAtOnce) {
  const WorkerTable table(1, workers(1));
  EXPECT_EQ(table.time_to_next_event(MonotonicTime{}), 0ms);
}

TEST(WorkerTable, ServesFromTheFirstReadyWorkerOn) {
  TableDriver driver(workers(2));
  EXPECT_EQ(driver.table.serving_generation(), 0U);
  driver.make_ready(1);
  EXPECT_TRUE(driver.reached(Milestone::kServing));
  EXPECT_FALSE(driver.reached(Milestone::kSettled));
  EXPECT_EQ(driver.table.serving_generation(), 1U);
  driver.make_ready(0);
  EXPECT_FALSE(driver.reached(Milestone::kServing));
  EXPECT_TRUE(driver.reached(Milestone::kSettled));
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST(WorkerTable, AnUnloadableAppStopsTheServerAtOnce) {
  TableDriver driver(workers(2));
  const Departure departure = driver.exit_with(0, 4);
  EXPECT_EQ(departure.kind, Kind::kBootFailed);
  EXPECT_EQ(departure.consequence, Consequence::kStopServer);
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kAppLoadError);
  driver.turn();
  EXPECT_EQ(driver.signal_to(1), SIGQUIT);
  EXPECT_THAT(driver.spawned(), IsEmpty());
  EXPECT_EQ(driver.exit_with(1, 4).consequence, Consequence::kNone);
  EXPECT_TRUE(driver.table.all_left());
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kAppLoadError);
}

TEST(WorkerTable, ABootErrorStopsTheServerAtOnce) {
  TableDriver driver(workers(1));
  EXPECT_EQ(driver.exit_with(0, 3).consequence, Consequence::kStopServer);
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kBootError);
}

TEST(WorkerTable, ACrashWhileBootingIsTriedThreeTimes) {
  TableDriver driver(workers(1));
  EXPECT_EQ(driver.die_of(0, SIGSEGV).consequence, Consequence::kRespawn);
  driver.pass(50ms);
  ASSERT_THAT(driver.spawned(), ElementsAre(0U));
  EXPECT_EQ(driver.exit_with(0, 1).consequence, Consequence::kRespawn);
  driver.pass(100ms);
  ASSERT_THAT(driver.spawned(), ElementsAre(0U));
  EXPECT_EQ(driver.die_of(0, SIGSEGV).consequence, Consequence::kStopServer);
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kBootError);
}

TEST(WorkerTable, AForkThatFailsCountsAsACrashWhileBooting) {
  WorkerTable table(1, workers(1));
  MonotonicTime clock{1h};
  for (const Consequence expected :
       {Consequence::kRespawn, Consequence::kRespawn, Consequence::kStopServer}) {
    ASSERT_EQ(table.decide({}, clock).size(), 1U);
    EXPECT_EQ(table.on_spawn_failed(0, ExitReport{}, clock).consequence, expected);
    clock += 1s;
  }
}

TEST(WorkerTable, WhatFailsForManyWorkersAtOnceCountsOnce) {
  WorkerTable table(1, workers(4));
  MonotonicTime clock{1h};
  for (const Consequence expected :
       {Consequence::kRespawn, Consequence::kRespawn, Consequence::kStopServer}) {
    ASSERT_EQ(table.decide({}, clock).size(), 4U);
    EXPECT_EQ(table.on_spawn_failed(0, ExitReport{}, clock).consequence, expected);
    for (std::uint32_t slot = 1; slot < 4; ++slot) {
      const auto departure = table.on_spawn_failed(slot, ExitReport{}, clock, false);
      EXPECT_EQ(departure.consequence,
                expected == Consequence::kRespawn ? expected : Consequence::kNone);
    }
    clock += 1s;
  }
}

TEST(WorkerTable, BootFailuresOfAServerThatServesBackOffForEver) {
  TableDriver driver(workers(2));
  driver.make_ready(0);
  for (int tries = 0; tries < 10; ++tries) {
    EXPECT_EQ(driver.exit_with(1, 4).consequence, Consequence::kRespawn);
    driver.pass_through(10s);
    ASSERT_EQ(driver.table.worker(1).phase, WorkerPhase::kStarting);
  }
  EXPECT_EQ(driver.table.stop_mode(), StopMode::kNone);
}

TEST(WorkerTable, ADeadWorkerIsReplacedInItsSlotAtOnce) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  const Departure departure = driver.die_of(0, SIGKILL);
  EXPECT_EQ(departure.kind, Kind::kDied);
  EXPECT_EQ(departure.respawn_in, 0ms);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(0U));
}

TEST(WorkerTable, OneThatDiesAgainWithinASecondIsReplacedAfterFiftyMilliseconds) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.die_of(0, SIGKILL);
  driver.turn();
  driver.make_ready(0);
  driver.pass_through(999ms);
  EXPECT_EQ(driver.die_of(0, SIGKILL).respawn_in, 50ms);
  EXPECT_THAT(driver.turn(), IsEmpty());
  EXPECT_EQ(driver.table.time_to_next_event(driver.clock), 50ms);
  EXPECT_THAT(driver.pass(49ms), IsEmpty());
  driver.pass(1ms);
  EXPECT_THAT(driver.spawned(), ElementsAre(0U));
}

TEST(WorkerTable, RepeatedDeathsDoubleTheDelayUpToTenSeconds) {
  TableDriver driver(workers(1));
  std::vector<milliseconds> delays;
  for (int death = 0; death < 10; ++death) {
    driver.make_ready(0);
    delays.push_back(driver.die_of(0, SIGSEGV).respawn_in);
    driver.turn();  // which is all that the first successor needs
    driver.pass_through(delays.back());
  }
  EXPECT_THAT(delays,
              ElementsAre(0ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10'000ms));
}

TEST(WorkerTable, EachSecondOfServiceForgivesADeath) {
  TableDriver driver(workers(1));
  for (int death = 0; death < 4; ++death) {
    driver.make_ready(0);
    const milliseconds delay = driver.die_of(0, SIGSEGV).respawn_in;
    driver.turn();
    driver.pass_through(delay);
  }
  driver.make_ready(0);
  driver.pass_through(1s);
  EXPECT_EQ(driver.die_of(0, SIGSEGV).respawn_in, 200ms) << "the fourth";
  driver.pass_through(200ms);
  driver.make_ready(0);
  driver.pass_through(10s);
  EXPECT_EQ(driver.die_of(0, SIGSEGV).respawn_in, 0ms);
}

TEST(WorkerTable, SlotsBackOffEachForItself) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  EXPECT_EQ(driver.die_of(0, SIGSEGV).respawn_in, 0ms);
  driver.turn();
  driver.make_ready(0);
  EXPECT_EQ(driver.die_of(0, SIGSEGV).respawn_in, 50ms);
  EXPECT_EQ(driver.die_of(1, SIGSEGV).respawn_in, 0ms);
}

TEST(WorkerTable, APlaceIsNotFilledInAnotherSlotMeanwhile) {
  TableDriver driver(workers(1));
  driver.make_ready(0);
  driver.die_of(0, SIGSEGV);
  driver.turn();
  driver.make_ready(0);
  driver.die_of(0, SIGSEGV);
  driver.turn();
  EXPECT_THAT(driver.spawned(), IsEmpty());
}

TEST(WorkerTable, OneMoreWorkerDoesNotTakeAPlaceThatIsKept) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.die_of(0, SIGSEGV);
  driver.turn();
  driver.make_ready(0);
  driver.die_of(0, SIGSEGV);
  driver.table.resize(+1);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(2U));
}

TEST(WorkerTable, AWorkerThatIsNotReadyInTimeIsAbortedThenKilled) {
  TableDriver driver(workers(1));
  driver.pass_through(59'999ms);
  EXPECT_EQ(driver.signal_to(0), 0);
  driver.pass(1ms);
  EXPECT_EQ(driver.signal_to(0), SIGABRT);
  EXPECT_EQ(driver.reason_for(0), SignalReason::kBootTimeout);
  EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kAborting);
  EXPECT_THAT(driver.spawned(), IsEmpty());
  driver.pass(2s);
  EXPECT_EQ(driver.signal_to(0), SIGKILL);
  EXPECT_EQ(driver.reason_for(0), SignalReason::kNoEndByAbort) << "it was never told to leave";
  EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kKilled);
  EXPECT_EQ(driver.die_of(0, SIGKILL).consequence, Consequence::kStopServer);
  EXPECT_EQ(driver.table.exit_code(), ExitCode::kBootError);
}

TEST(WorkerTable, ZeroSwitchesABootTimeoutOff) {
  WorkerPolicy policy = workers(1);
  policy.boot_timeout = 0ms;
  TableDriver driver(policy);
  driver.pass_through(1h);
  EXPECT_EQ(driver.count(WorkerPhase::kStarting), 1U);
}

TEST(WorkerTable, AStuckLoopIsAbortedThenKilledAndReplacedAtOnce) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.stuck = {0};
  driver.pass_through(29'999ms);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  driver.pass(1ms);
  EXPECT_EQ(driver.signal_to(0), SIGABRT);
  EXPECT_EQ(driver.signal_to(1), 0);
  EXPECT_THAT(driver.spawned(), ElementsAre(2U));
  driver.pass(1'999ms);
  EXPECT_EQ(driver.signal_to(0), 0);
  driver.pass(1ms);
  EXPECT_EQ(driver.signal_to(0), SIGKILL);
  EXPECT_EQ(driver.die_of(0, SIGKILL).consequence, Consequence::kNone);
  driver.pass_through(10s);
  EXPECT_THAT(driver.spawned(), IsEmpty());
}

TEST(WorkerTable, ADrainingWorkerMustBeatToo) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.resize(-1);
  driver.turn();
  ASSERT_EQ(driver.signal_to(1), SIGTERM);
  driver.pass_through(1s);
  driver.stuck = {1};
  driver.pass_through(29s);
  EXPECT_EQ(driver.table.worker(1).phase, WorkerPhase::kDraining);
  driver.pass_through(1s);
  EXPECT_EQ(driver.table.worker(1).phase, WorkerPhase::kAborting);
}

TEST(WorkerTable, AWorkerThatDoesNotReturnFromItsWorkerExitIsAborted) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.stuck = {0};
  driver.reading[0].state = WorkerState::kEnding;
  driver.pass(30s);
  EXPECT_EQ(driver.signal_to(0), SIGABRT);
  EXPECT_EQ(driver.reason_for(0), SignalReason::kNoReturn);
}

TEST(WorkerTable, ZeroSwitchesTheHeartbeatTimeoutOff) {
  WorkerPolicy policy = workers(1);
  policy.heartbeat_timeout = 0ms;
  TableDriver driver(policy);
  driver.make_ready(0);
  driver.stuck = {0};
  driver.pass_through(1h);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 1U);
}

TEST(WorkerTable, AClockJumpSkipsARoundOfKilling) {
  TableDriver driver(workers(2));
  driver.make_ready(0);
  driver.clock += 1h;  // no worker could beat or boot
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), 0);
  EXPECT_EQ(driver.signal_to(1), 0);
  // The next round kills the workers that still do not beat.
  driver.stuck = {0};
  driver.pass_through(15s);
  EXPECT_EQ(driver.signal_to(0), SIGABRT);
}

TEST(WorkerTable, ABootMayTakeItsTimeFromTheStart) {
  TableDriver driver(workers(1));
  driver.pass(59s);  // no jump: the first decision planned to wait this long
  EXPECT_EQ(driver.table.time_to_next_event(driver.clock), 1s);
}

TEST(WorkerTable, AStandstillOfLittleMoreThanTheTimeoutKillsNobody) {
  for (const milliseconds standstill : {30'500ms, 31'000ms, 40'000ms, 45'001ms}) {
    TableDriver driver(workers(2));
    driver.make_all_ready();
    driver.clock += standstill;  // the master is woken first, and sees no beat
    driver.turn();
    EXPECT_EQ(driver.signal_to(0), 0) << standstill.count();
    EXPECT_EQ(driver.signal_to(1), 0) << standstill.count();
    driver.pass_through(60s);
    EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U) << standstill.count();
  }
}

TEST(WorkerTable, ABusyMasterThatIsALittleLateKillsALittleLater) {
  TableDriver driver(workers(1));
  driver.make_ready(0);
  driver.stuck = {0};
  driver.pass(33s);
  EXPECT_EQ(driver.signal_to(0), 0);
  driver.pass_through(3s);
  EXPECT_EQ(driver.signal_to(0), SIGABRT);
}

TEST(WorkerTable, AStandstillIsNoPartOfAWorkersTimeToLeave) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.resize(-1);
  driver.turn();
  ASSERT_EQ(driver.signal_to(1), SIGTERM);
  driver.clock += 40s;
  driver.turn();
  EXPECT_EQ(driver.signal_to(1), 0);
}

TEST(WorkerTable, AWorkerToldToLeaveBySomebodyElseIsReplacedAtOnce) {
  TableDriver driver(workers(1));
  driver.make_ready(0);
  driver.pass_through(10s);
  driver.reading[0].state = WorkerState::kDraining;
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(1U));
  EXPECT_EQ(driver.exit_with(0, 0).kind, Kind::kLeft);
  driver.pass_through(1s);
  EXPECT_THAT(driver.slots_in(WorkerPhase::kStarting), ElementsAre(1U));
}

TEST(WorkerTable, OneThatKeepsLeavingEarlyIsSlowedDown) {
  TableDriver driver(workers(1));
  driver.make_ready(0);
  std::uint32_t slot = 0;
  for (const milliseconds delay : {50ms, 100ms, 200ms}) {
    driver.reading[slot].state = WorkerState::kDraining;
    driver.turn();
    EXPECT_THAT(driver.spawned(), IsEmpty());
    EXPECT_THAT(driver.pass(delay - 1ms), IsEmpty());
    driver.pass(1ms);
    ASSERT_EQ(driver.spawned().size(), 1U);
    EXPECT_EQ(driver.exit_with(slot, 0).consequence, Consequence::kNone);
    slot = driver.spawned().front();
    driver.make_ready(slot);
  }
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 1U);
}

TEST(WorkerTable, AYoungOnesSuccessorDoesNotWaitForItsEnd) {
  TableDriver driver(workers(1));
  driver.make_ready(0);
  driver.reading[0].state = WorkerState::kDraining;
  driver.turn();
  driver.pass_through(50ms);
  driver.make_ready(1);
  EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kDraining);
  EXPECT_EQ(driver.table.worker(1).phase, WorkerPhase::kReady);
}

TEST(WorkerTable, AWorkerThatLeavesTooSlowlyByItselfIsKilled) {
  TableDriver driver(workers(1));
  driver.make_ready(0);
  driver.pass_through(10s);
  driver.reading[0].state = WorkerState::kDraining;
  driver.turn();
  driver.pass_through(33s);
  EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kKilled);
}

TEST(WorkerTable, AForeignPidIsNobodysWorker) {
  TableDriver driver(workers(1));
  EXPECT_FALSE(driver.table.on_exit({.pid = 7}, driver.clock).has_value());
  EXPECT_FALSE(driver.table.on_exit({.pid = 0}, driver.clock).has_value());
}

TEST(WorkerTable, ABuriedWorkersPidIsForgotten) {
  TableDriver driver(workers(1));
  const pid_t pid = driver.table.worker(0).pid;
  driver.die_of(0, SIGSEGV);
  EXPECT_EQ(driver.table.worker(0).pid, 0);
  EXPECT_FALSE(driver.table.on_exit({.pid = pid}, driver.clock).has_value());
}

TEST(WorkerTable, SaysWhenTheNextThingIsDue) {
  TableDriver driver(workers(1));
  EXPECT_EQ(driver.table.time_to_next_event(driver.clock), 60s);
  driver.make_ready(0);
  EXPECT_EQ(driver.table.time_to_next_event(driver.clock), 30s);
  EXPECT_EQ(driver.table.time_to_next_event(driver.clock + 29'999'500us), 1ms);
  EXPECT_EQ(driver.table.time_to_next_event(driver.clock + 40s), 0ms);
}

}  // namespace
}  // namespace alicorn
