// Workers that ask to be replaced: the replacement first, not too many at a time, not too often.
#include "server/arbiter/table/worker_table.hpp"
#include "tests/unit/server/arbiter/table/table_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using testing::ElementsAre;
using testing::IsEmpty;
using Consequence = Departure::Consequence;

/// Workers that have been ready for a while.
class WorkerRecycling : public testing::Test {
 protected:
  TableDriver started(std::uint32_t count) {
    return TableDriver({.workers = count, .max_surge = 1}, [](TableDriver& driver) {
      driver.make_all_ready();
      driver.pass_through(2s);
    });
  }
  static WorkerPolicy limited(std::uint32_t count) {
    return {.workers = count, .limits_requests = true, .max_surge = 1};
  }
  static void wish(TableDriver& driver, std::uint32_t slot,
                   RecyclingWish wish = RecyclingWish::kInPassing) {
    driver.reading[slot].recycling_wish = wish;
  }
  /// For this long, each ready worker asks to be replaced, and each starting worker becomes ready.
  /// No worker leaves.
  static std::size_t spawned_while_all_ask(TableDriver& driver, RecyclingWish kind,
                                           milliseconds time) {
    const pid_t before = driver.next_pid;
    for (const MonotonicTime end = driver.clock + time; driver.clock < end;) {
      for (const std::uint32_t slot : driver.slots_in(WorkerPhase::kReady))
        wish(driver, slot, kind);
      driver.make_all_ready();
      driver.pass_through(50ms);
    }
    return static_cast<std::size_t>(driver.next_pid - before);
  }
};

TEST_F(WorkerRecycling, StartsTheReplacementFirst) {
  TableDriver driver = started(2);
  wish(driver, 0);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(2U));
  EXPECT_EQ(driver.signal_to(0), 0);
  EXPECT_THAT(driver.turn(), IsEmpty());
  driver.make_ready(2);
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
  EXPECT_EQ(driver.exit_with(0, 0).consequence, Consequence::kNone);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

TEST_F(WorkerRecycling, ByAnOperatorStartsTheReplacementFirst) {
  TableDriver driver = started(2);
  EXPECT_TRUE(driver.table.recycle(1, driver.clock));
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(2U));
  EXPECT_EQ(driver.signal_to(1), 0);
  EXPECT_FALSE(driver.table.recycle(1, driver.clock)) << "it is being replaced";
  EXPECT_FALSE(driver.table.recycle(2, driver.clock)) << "it is not ready";
  driver.make_ready(2);
  EXPECT_EQ(driver.signal_to(1), SIGTERM);
  EXPECT_FALSE(driver.table.recycle(9, driver.clock)) << "there is none";
  driver.exit_with(1, 0);
  driver.turn();
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  driver.table.stop(StopMode::kGraceful);
  EXPECT_FALSE(driver.table.recycle(0, driver.clock));
}

TEST_F(WorkerRecycling, ByAnOperatorDoesNotWaitWhereAHastyWishHasTo) {
  TableDriver driver({.workers = 1, .max_surge = 1});
  driver.make_ready(0);
  wish(driver, 0);
  driver.turn();
  EXPECT_TRUE(driver.table.recycle(0, driver.clock));
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(1U));
}

TEST_F(WorkerRecycling, OfManyGoesOneAfterTheOther) {
  TableDriver driver = started(3);
  for (std::uint32_t slot = 0; slot < 3; ++slot) wish(driver, slot);
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 1U);
  driver.make_ready(3);
  EXPECT_EQ(driver.count(WorkerPhase::kDraining), 1U);
  EXPECT_EQ(driver.count(WorkerPhase::kStarting), 1U);
}

/// If they were replaced one by one, each would serve its number as often as there are workers.
TEST_F(WorkerRecycling, OfThoseAtTheirNumberStartsAllReplacementsAtOnce) {
  TableDriver driver(limited(4));
  driver.make_all_ready();
  driver.pass_through(200ms);
  for (std::uint32_t slot = 0; slot < 4; ++slot) wish(driver, slot, RecyclingWish::kAtNumber);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(4U, 5U, 6U, 7U)) << "at once: it is no haste";
  for (std::uint32_t ready = 1; ready <= 4; ++ready) {
    driver.make_ready(ready + 3);
    EXPECT_EQ(driver.count(WorkerPhase::kDraining), ready);
    EXPECT_EQ(driver.count(WorkerPhase::kReady), 4U);
  }
}

TEST_F(WorkerRecycling, OfOneNearItsNumberIsPreparedAndWaitsForIt) {
  TableDriver driver(limited(1));
  driver.make_ready(0);
  wish(driver, 0, RecyclingWish::kNearNumber);
  driver.turn();
  EXPECT_THAT(driver.spawned(), ElementsAre(1U));
  driver.make_ready(1);
  EXPECT_EQ(driver.signal_to(0), 0);
  wish(driver, 0, RecyclingWish::kAtNumber);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
}

TEST_F(WorkerRecycling, OfOneThatNeverComesToItsNumberWaitsForTwoStarts) {
  TableDriver driver(limited(1));
  driver.pass_through(10s);
  driver.make_ready(0);
  wish(driver, 0, RecyclingWish::kNearNumber);
  driver.turn();
  driver.pass_through(10s);
  driver.make_ready(1);
  driver.pass_through(10s);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U);
  driver.pass_through(1s);
  EXPECT_EQ(driver.table.worker(0).phase, WorkerPhase::kDraining);
}

TEST_F(WorkerRecycling, RetiresFirstWhoHasWaitedLongest) {
  TableDriver driver(limited(3));
  driver.make_all_ready();
  driver.pass_through(2s);
  for (const std::uint32_t slot : {2U, 0U, 1U}) {
    wish(driver, slot, RecyclingWish::kAtNumber);
    driver.pass(1ms);
  }
  driver.make_ready(3);
  EXPECT_EQ(driver.signal_to(2), SIGTERM);
  driver.make_ready(4);
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
}

/// The wish comes from the workers, and a master that trusted it would start others without end.
TEST_F(WorkerRecycling, IsSlowedDownWhereNoNumberIsSet) {
  TableDriver driver({.workers = 4, .max_surge = 1});
  driver.make_all_ready();
  for (std::uint32_t slot = 0; slot < 4; ++slot) wish(driver, slot, RecyclingWish::kAtNumber);
  EXPECT_THAT(driver.turn(), IsEmpty());
}

/// Workers that start in 30 ms, serve one request each millisecond and need 50 ms to leave, with a
/// master that looks once a millisecond.
TEST_F(WorkerRecycling, ComesWithinHalfTheNumberAndNeverDoublesTheProcesses) {
  constexpr std::uint32_t kNumber = 100;
  TableDriver driver(limited(4));
  driver.make_all_ready();
  std::array<std::uint32_t, kWorkerSlots> served{};
  std::array<MonotonicTime, kWorkerSlots> draining_since{};
  std::uint32_t most = 0, replaced = 0;
  for (int turns = 0; turns < 2'000; ++turns) {
    driver.pass(1ms);
    for (std::uint32_t slot = 0; slot < driver.reading.size(); ++slot) {
      const WorkerHandle& worker = driver.table.worker(slot);
      if (worker.phase == WorkerPhase::kReady) {
        draining_since[slot] = driver.clock;
        const std::uint32_t number = ++served[slot];
        if (number >= kNumber / 2) wish(driver, slot, RecyclingWish::kNearNumber);
        if (number >= kNumber) wish(driver, slot, RecyclingWish::kAtNumber);
      }
      if (worker.phase == WorkerPhase::kStarting && driver.clock - worker.started >= 30ms) {
        driver.make_ready(slot);
      }
      if (worker.phase == WorkerPhase::kDraining && driver.clock - draining_since[slot] >= 50ms) {
        most = std::max(most, std::exchange(served[slot], 0));
        driver.exit_with(slot, 0);
        ++replaced;
      }
    }
    EXPECT_LE(driver.table.alive(), 8U);
    EXPECT_GE(driver.count(WorkerPhase::kReady), 4U);
  }
  EXPECT_LE(most, kNumber * 3 / 2);
  EXPECT_GE(replaced, 4U * 2'000U / (kNumber * 3 / 2) - 4U);
}

TEST_F(WorkerRecycling, OfOneThatDiesFirstDoesNotReplaceItTwice) {
  TableDriver driver = started(1);
  wish(driver, 0);
  driver.turn();
  driver.die_of(0, SIGSEGV);
  driver.turn();
  driver.make_ready(1);
  driver.pass_through(1s);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 1U);
  EXPECT_EQ(driver.count(WorkerPhase::kStarting), 0U);
}

TEST_F(WorkerRecycling, LeavesAtMostAsManyDrainingAsThereAreWorkers) {
  TableDriver driver = started(2);
  spawned_while_all_ask(driver, RecyclingWish::kInPassing, 25s);
  EXPECT_EQ(driver.count(WorkerPhase::kDraining), 2U);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 2U) << "they serve until there is room";
  EXPECT_EQ(driver.count(WorkerPhase::kStarting), 0U);
  driver.exit_with(driver.slots_in(WorkerPhase::kDraining).front(), 0);
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 1U) << "the next one's turn";
}

TEST_F(WorkerRecycling, WaitingForRoomDoesNotKeepTheMasterBusy) {
  TableDriver driver = started(1);
  spawned_while_all_ask(driver, RecyclingWish::kInPassing, 20s);
  EXPECT_GT(driver.table.time_to_next_event(driver.clock), 1s);
}

TEST_F(WorkerRecycling, OfWorkersThatCannotServeWaitsLess) {
  TableDriver driver = started(1);
  spawned_while_all_ask(driver, RecyclingWish::kCannotServe, 25s);
  EXPECT_EQ(driver.count(WorkerPhase::kDraining), 4U);
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 1U);
}

TEST_F(WorkerRecycling, OfAWorkerThatWasHardlyReadyIsSlowedDownLikeACrash) {
  TableDriver driver({.workers = 1, .max_surge = 1});
  driver.make_ready(0);
  wish(driver, 0);
  for (const milliseconds delay : {50ms, 100ms, 200ms, 400ms}) {
    const std::uint32_t slot = driver.slots_in(WorkerPhase::kReady).front();
    wish(driver, slot);
    driver.turn();
    driver.pass_through(delay - 1ms);
    EXPECT_EQ(driver.count(WorkerPhase::kStarting), 0U) << delay.count();
    driver.pass_through(1ms);
    ASSERT_EQ(driver.count(WorkerPhase::kStarting), 1U) << delay.count();
    wish(driver, driver.slots_in(WorkerPhase::kStarting).front());  // in its worker_init
    driver.make_all_ready();
    driver.let_leave();
  }
}

TEST_F(WorkerRecycling, OfAHastyWorkerThatThenHangsWaitsNoLonger) {
  TableDriver driver({.workers = 1, .max_surge = 1});
  driver.make_ready(0);
  for (const milliseconds delay : {50ms, 100ms, 200ms, 400ms, 800ms}) {
    wish(driver, driver.slots_in(WorkerPhase::kReady).front());
    driver.turn();
    driver.pass_through(delay);
    driver.make_all_ready();
    driver.let_leave();
  }
  const std::uint32_t slot = driver.slots_in(WorkerPhase::kReady).front();
  wish(driver, slot);
  driver.turn();
  ASSERT_THAT(driver.spawned(), IsEmpty());
  ASSERT_GT(driver.table.time_to_next_event(driver.clock), 1s);
  wish(driver, slot, RecyclingWish::kCannotServe);
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 1U);
}

TEST_F(WorkerRecycling, AtOnceAndForEverIsBounded) {
  TableDriver driver({.workers = 1, .max_surge = 1});
  driver.make_ready(0);
  std::size_t spawned = 0;
  for (int second = 0; second < 60; ++second) {
    spawned += spawned_while_all_ask(driver, RecyclingWish::kInPassing, 1s);
    driver.let_leave();
  }
  EXPECT_LT(spawned, 16U);
}

TEST_F(WorkerRecycling, ALaterWishForgivesTheHastyOnes) {
  TableDriver driver({.workers = 1, .max_surge = 1});
  driver.make_ready(0);
  spawned_while_all_ask(driver, RecyclingWish::kInPassing, 500ms);
  driver.let_leave();
  driver.make_all_ready();
  driver.pass_through(12s);
  driver.let_leave();
  driver.make_all_ready();
  driver.pass_through(2s);
  wish(driver, driver.slots_in(WorkerPhase::kReady).front());
  driver.turn();
  EXPECT_EQ(driver.spawned().size(), 1U) << "at once";
}

/// Workers that start slowly, and ask to be replaced soon after they are ready.
TEST_F(WorkerRecycling, DoesNotKeepAReloadFromItsEnd) {
  TableDriver driver = started(16);
  driver.table.reload(2, {.workers = 16, .max_surge = 1});
  driver.turn();
  bool is_settled = false;
  for (int second = 0; second < 90 && !is_settled; ++second) {
    driver.pass_through(1s);
    for (std::uint32_t slot = 0; slot < driver.reading.size(); ++slot) {
      const WorkerHandle& worker = driver.table.worker(slot);
      if (worker.told_to_leave) driver.exit_with(slot, 0);
      if (worker.phase == WorkerPhase::kReady && driver.clock - worker.ready_at >= 10s) {
        wish(driver, slot);
      }
      if (worker.phase == WorkerPhase::kStarting && driver.clock - worker.started >= 2s) {
        driver.make_ready(slot);
        is_settled = is_settled || driver.reached(Milestone::kSettled);
      }
    }
    driver.turn();
    is_settled = is_settled || driver.reached(Milestone::kSettled);
  }
  EXPECT_TRUE(is_settled);
  EXPECT_FALSE(driver.table.has_workers_of(1));
  EXPECT_GT(driver.count(WorkerPhase::kReady), 14U);
}

TEST_F(WorkerRecycling, DuringAReloadIsForThoseAloneThatTakeNoConnections) {
  TableDriver driver = started(3);
  driver.table.reload(2, {.workers = 3, .max_surge = 1});
  driver.turn();
  driver.make_ready(3);
  driver.make_ready(4);
  driver.let_leave();
  driver.pass_through(2s);
  wish(driver, 3);
  wish(driver, 4, RecyclingWish::kCannotServe);
  driver.turn();
  EXPECT_FALSE(driver.table.worker(3).is_recycled);
  EXPECT_TRUE(driver.table.worker(4).is_recycled);
  driver.make_all_ready();
  EXPECT_EQ(driver.signal_to(4), SIGTERM) << "it serves least";
  driver.make_all_ready();
  driver.let_leave();
  EXPECT_FALSE(driver.table.has_workers_of(1));
  driver.make_all_ready();
  driver.let_leave();
  EXPECT_TRUE(driver.table.worker(3).told_to_leave ||
              driver.table.worker(3).phase == WorkerPhase::kReaped)
      << "its turn, after the reload";
}

}  // namespace
}  // namespace alicorn
