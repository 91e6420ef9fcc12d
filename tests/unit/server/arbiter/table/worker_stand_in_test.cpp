// Until a worker of a new generation is ready, the service relies on the generation before: a
// worker that this one loses is replaced by one of the same generation.
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

/// A reload whose first workers hang.
class StandIn : public testing::Test {
 protected:
  static TableDriver reloading(std::uint32_t count, std::uint32_t max_surge = 1) {
    const WorkerPolicy policy = workers(count, max_surge);
    return TableDriver(policy, [&](TableDriver& driver) {
      driver.make_all_ready();
      driver.pass_through(2s);
      driver.table.reload(2, policy);
      driver.turn();
    });
  }
  static std::size_t count(const TableDriver& driver, std::uint32_t generation, WorkerPhase phase) {
    const auto slots = driver.slots_in(phase);
    return static_cast<std::size_t>(std::count_if(
        slots.begin(), slots.end(),
        [&](std::uint32_t slot) { return driver.table.worker(slot).generation == generation; }));
  }
};

TEST_F(StandIn, ForEachOldWorkerThatDies) {
  TableDriver driver = reloading(2);
  ASSERT_THAT(driver.spawned(), ElementsAre(2U));
  for (const std::uint32_t slot : {0U, 1U}) {
    const Departure departure = driver.die_of(slot, SIGKILL);
    EXPECT_EQ(departure.consequence, Consequence::kRespawn);
    EXPECT_EQ(departure.respawn_in, 0ms);
    driver.turn();
    EXPECT_THAT(driver.spawned(), ElementsAre(slot));
    EXPECT_EQ(driver.table.worker(slot).generation, 1U);
  }
  driver.make_ready(0);
  driver.make_ready(1);
  EXPECT_FALSE(driver.reached(Milestone::kGenerationServes));
  EXPECT_THAT(driver.turn(), IsEmpty());
  EXPECT_EQ(driver.table.worker(2).phase, WorkerPhase::kStarting) << "the reload goes on";

  driver.pass_through(60s);
  EXPECT_EQ(driver.die_of(2, SIGABRT).consequence, Consequence::kAbandonReload);
  driver.turn();
  EXPECT_TRUE(driver.reached(Milestone::kSettled));
  EXPECT_THAT(driver.slots_in(WorkerPhase::kReady), ElementsAre(0U, 1U));
}

TEST_F(StandIn, IsKeptAsItsOwnGenerationSays) {
  TableDriver driver = reloading(1);
  WorkerPolicy other = workers(1);
  other.boot_timeout = 5s;
  driver.table.reload(3, other);
  driver.die_of(0, SIGKILL);
  driver.turn();
  EXPECT_EQ(driver.table.worker(0).policy.boot_timeout, 60s);
  EXPECT_EQ(driver.table.worker(0).deadline, driver.clock + 60s);
}

TEST_F(StandIn, ThatCannotBootSaysNothingAboutTheReload) {
  TableDriver driver = reloading(1);
  driver.die_of(0, SIGKILL);
  driver.turn();
  for (int failure = 0; failure < 5; ++failure) {
    const Departure departure = driver.exit_with(0, 4);
    EXPECT_EQ(departure.consequence, Consequence::kRespawn);
    driver.pass_through(departure.respawn_in);
    EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kStarting);
  }
  EXPECT_EQ(driver.table.goal_generation(), 2U);
  driver.make_ready(1);
  EXPECT_TRUE(driver.reached(Milestone::kGenerationServes));
}

/// The reload may be the cure.
TEST_F(StandIn, ThatCannotBootKeepsNoReloadFromItsStart) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.pass_through(2s);
  driver.reading[0].recycling_wish = RecyclingWish::kInPassing;
  driver.turn();
  ASSERT_THAT(driver.spawned(), ElementsAre(1U));
  driver.exit_with(1, 4);
  driver.table.reload(2, workers(1));
  driver.turn();
  ASSERT_EQ(count(driver, 2, WorkerPhase::kStarting), 1U);
  driver.make_ready(driver.table.worker(1).generation == 2 ? 1 : 2);
  EXPECT_TRUE(driver.reached(Milestone::kGenerationServes));
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
}

TEST_F(StandIn, IsLetGoWhenTheNewGenerationServes) {
  TableDriver driver = reloading(3);
  driver.die_of(0, SIGKILL);
  driver.turn();
  driver.exit_with(0, 3);
  driver.die_of(1, SIGKILL);
  driver.turn();
  ASSERT_EQ(count(driver, 1, WorkerPhase::kStarting), 1U);
  driver.make_ready(3);
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  driver.let_leave();
  driver.pass_through(1s);
  EXPECT_EQ(count(driver, 1, WorkerPhase::kStarting), 0U);
  for (int step = 0; step < 3; ++step) {
    driver.make_all_ready();
    driver.let_leave();
  }
  EXPECT_EQ(count(driver, 2, WorkerPhase::kReady), 3U);
  EXPECT_EQ(driver.table.alive(), 3U);
}

TEST_F(StandIn, ForOneThatTakesNoConnectionsComesFirst) {
  TableDriver driver = reloading(2);
  driver.reading[1].recycling_wish = RecyclingWish::kCannotServe;
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(3U));
  EXPECT_EQ(driver.table.worker(3).generation, 1U);
  driver.make_ready(3);
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  EXPECT_EQ(driver.signal_to(0), 0);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST_F(StandIn, ForOneThatServesOnMeanwhileIsNotNeeded) {
  TableDriver driver = reloading(2);
  driver.reading[1].recycling_wish = RecyclingWish::kInPassing;
  EXPECT_THAT(driver.pass(1s), IsEmpty());
}

TEST_F(StandIn, FollowsTheNumberOfWorkers) {
  TableDriver driver = reloading(2);
  driver.table.resize(+1);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(3U)) << "of the generation that is known to serve";
  EXPECT_EQ(driver.table.worker(3).generation, 1U);
  driver.table.resize(-1);
  driver.turn();
  EXPECT_EQ(driver.signal_to(3), SIGTERM) << "nothing that serves is given up for it";
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  driver.table.resize(-1);
  driver.turn();
  EXPECT_EQ(count(driver, 1, WorkerPhase::kReady), 1U);
}

TEST_F(StandIn, OutlastsAnotherReload) {
  TableDriver driver = reloading(2);
  driver.die_of(0, SIGKILL);
  driver.turn();
  driver.table.reload(3, workers(2));
  driver.turn();
  EXPECT_EQ(driver.signal_to(2), SIGTERM);
  EXPECT_EQ(driver.signal_to(0), 0);
  driver.make_ready(0);
  EXPECT_EQ(count(driver, 1, WorkerPhase::kReady), 2U);
}

TEST_F(StandIn, ForAPlaceThatIsKeptAlready) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.die_of(0, SIGKILL);
  driver.table.reload(2, workers(2));
  driver.turn();
  EXPECT_EQ(driver.table.worker(0).generation, 1U);
  EXPECT_EQ(count(driver, 2, WorkerPhase::kStarting), 1U);
}

TEST_F(StandIn, IsOfTheNewestGenerationThatHasServed) {
  TableDriver driver = reloading(4);
  driver.make_ready(4);
  driver.turn();
  ASSERT_EQ(count(driver, 2, WorkerPhase::kStarting), 1U);
  driver.table.reload(3, workers(4));
  driver.turn();
  EXPECT_EQ(count(driver, 2, WorkerPhase::kStarting), 0U) << "all places are taken";
  EXPECT_EQ(count(driver, 3, WorkerPhase::kStarting), 1U);
  driver.die_of(1, SIGKILL);
  driver.turn();
  EXPECT_EQ(count(driver, 2, WorkerPhase::kStarting), 1U);
  EXPECT_EQ(count(driver, 3, WorkerPhase::kStarting), 1U);
}

TEST_F(StandIn, IsNotWantedAfterAPark) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.park();
  driver.turn();
  driver.let_leave();
  for (const std::uint32_t generation : {2U, 3U}) {
    driver.table.reload(generation, workers(2));
    driver.turn();
    EXPECT_EQ(count(driver, 1, WorkerPhase::kStarting), 0U);
    EXPECT_EQ(count(driver, generation, WorkerPhase::kStarting), 2U);
  }
}

TEST_F(StandIn, IsBackWithTheWorkersThatWereSentAway) {
  TableDriver driver = reloading(2);
  driver.table.park();
  driver.turn();
  driver.table.unpark();
  driver.turn();
  EXPECT_EQ(count(driver, 1, WorkerPhase::kStarting), 2U);
  EXPECT_EQ(count(driver, 2, WorkerPhase::kStarting), 1U);
}

TEST_F(StandIn, AndTheReloadAreBoundedTogether) {
  TableDriver driver = reloading(4, 2);
  for (std::uint32_t round = 0; round < 100; ++round) {
    const auto ready = driver.slots_in(WorkerPhase::kReady);
    if (!ready.empty()) {
      const std::uint32_t slot = ready[round % ready.size()];
      if (round % 3 == 0) {
        driver.reading[slot].recycling_wish = RecyclingWish::kCannotServe;
      } else {
        driver.die_of(slot, SIGKILL);
      }
    }
    driver.pass_through(100ms);
    EXPECT_LE(count(driver, 1, WorkerPhase::kReady) + count(driver, 1, WorkerPhase::kStarting), 6U);
    EXPECT_EQ(count(driver, 2, WorkerPhase::kStarting), 2U);
    for (const std::uint32_t slot : driver.slots_in(WorkerPhase::kStarting)) {
      if (driver.table.worker(slot).generation == 1) driver.make_ready(slot);
    }
  }
  driver.let_leave();
  driver.pass_through(12s);
  EXPECT_EQ(count(driver, 1, WorkerPhase::kReady) + count(driver, 1, WorkerPhase::kStarting), 4U);
}

}  // namespace
}  // namespace alicorn
