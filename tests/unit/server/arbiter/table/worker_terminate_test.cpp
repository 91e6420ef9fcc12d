// Workers that are told to leave, and how long that may take.
#include "server/arbiter/table/worker_table.hpp"
#include "tests/unit/server/arbiter/table/table_driver.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

TEST(Terminate, ASecondTermHurriesUnlessItIsTheSameOneTwice) {
  TableDriver driver(workers(1));
  driver.make_all_ready();
  driver.table.terminate(driver.clock);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGTERM);
  driver.table.terminate(driver.clock + 999ms);
  EXPECT_EQ(driver.table.stop_mode(), StopMode::kGraceful);
  driver.table.terminate(driver.clock + 1s);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGQUIT);
}

/// A worker that has no request yet and does not respond needs nothing of the hour that it has to
/// finish requests.
class Leaving : public testing::Test {
 protected:
  static WorkerPolicy patient() {
    WorkerPolicy policy = workers(1);
    policy.graceful_timeout = 1h;
    return policy;
  }
};

TEST_F(Leaving, OfAWorkerThatStillStartsIsDueWhenItHadToBeReady) {
  TableDriver driver(patient());
  driver.make_all_ready();
  driver.table.reload(2, patient());
  driver.turn();
  driver.pass_through(20s);
  driver.table.reload(3, patient());
  driver.turn();
  ASSERT_EQ(driver.signal_to(1), SIGTERM);
  driver.make_ready(2);
  driver.exit_with(0, 0);
  driver.pass_through(40s - 1ms);
  EXPECT_EQ(driver.signal_to(1), 0);
  driver.pass(1ms);
  EXPECT_EQ(driver.signal_to(1), SIGKILL);
  driver.die_of(1, SIGKILL);
  driver.turn();
  EXPECT_TRUE(driver.reached(Milestone::kSettled));
}

TEST_F(Leaving, TakesNoLongerBecauseItIsHurried) {
  TableDriver driver(patient());
  driver.pass_through(57s);
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  driver.table.stop(StopMode::kQuick);
  driver.turn();
  EXPECT_EQ(driver.signal_to(0), SIGQUIT);
  driver.pass_through(3s);
  EXPECT_EQ(driver.signal_to(0), SIGKILL);
}

TEST_F(Leaving, OfAWorkerWithoutABootTimeoutIsDueAfterTheGracefulOne) {
  WorkerPolicy policy = workers(1);
  policy.boot_timeout = 0ms;
  TableDriver driver(policy);
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  driver.pass_through(33s);
  EXPECT_EQ(driver.signal_to(0), SIGKILL);
}

TEST_F(Leaving, TakesAsLongAsTheWorkerThatHasTheMostTimeLeft) {
  TableDriver driver(patient());
  EXPECT_EQ(driver.table.time_to_leave(driver.clock), 1h);
  driver.make_all_ready();
  driver.table.reload(2, workers(1));
  driver.turn();
  driver.make_ready(1);
  ASSERT_EQ(driver.signal_to(0), SIGTERM);
  driver.pass_through(20min);
  EXPECT_EQ(driver.table.time_to_leave(driver.clock), 40min)
      << "it was told before, and keeps that";
  driver.table.stop(StopMode::kGraceful);
  driver.turn();
  EXPECT_EQ(driver.table.time_to_leave(driver.clock), 40min);
  driver.exit_with(0, 0);
  EXPECT_EQ(driver.table.time_to_leave(driver.clock), 30s);
}

TEST_F(Leaving, TakesAsLongAsAWorkerMayThatIsStillToBeReplaced) {
  TableDriver driver(patient());
  driver.make_all_ready();
  WorkerPolicy two = workers(2);
  driver.table.resize(+1);
  driver.turn();
  driver.make_all_ready();
  driver.table.reload(2, two);
  driver.turn();
  driver.make_ready(2);
  driver.let_leave();
  ASSERT_EQ(driver.table.serving_generation(), 2U);
  ASSERT_EQ(driver.table.worker(1).phase, WorkerPhase::kReady) << "of the first generation";
  EXPECT_EQ(driver.table.time_to_leave(driver.clock), 1h);
}

}  // namespace
}  // namespace alicorn
