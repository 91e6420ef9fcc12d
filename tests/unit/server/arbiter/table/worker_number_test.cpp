// How many workers there should be if a reload and TTIN or TTOU both affect the number.
#include "server/arbiter/table/worker_table.hpp"
#include "tests/unit/server/arbiter/table/table_driver.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

TEST(ReloadOfTheNumber, KeepsWhatTtinAndTtouSaid) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.resize(+2);
  driver.turn();
  driver.make_all_ready();
  driver.table.reload(2, workers(2));
  driver.turn();
  driver.make_ready(4);
  EXPECT_EQ(driver.table.target(), 4U);
}

TEST(ReloadOfTheNumber, TakesANewNumberFromTheConfigurationOnceItServes) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.resize(+2);
  driver.table.reload(2, workers(3));
  driver.turn();
  EXPECT_EQ(driver.table.target(), 4U);
  driver.make_all_ready();
  EXPECT_EQ(driver.table.target(), 3U);
}

TEST(ReloadOfTheNumber, CountsBeforeTheFirstWorkerIsReadyToo) {
  TableDriver driver(workers(2));
  driver.table.reload(2, workers(4));
  driver.turn();
  driver.make_all_ready();
  EXPECT_EQ(driver.table.target(), 4U);
  driver.make_all_ready();
  EXPECT_EQ(driver.count(WorkerPhase::kReady), 4U);
}

TEST(ReloadOfTheNumber, IsNoneWhereASecondOneTakesItBackInTime) {
  TableDriver driver(workers(2));
  driver.table.reload(2, workers(4));
  driver.table.reload(3, workers(2));
  driver.turn();
  driver.make_all_ready();
  EXPECT_EQ(driver.table.target(), 2U);
}

TEST(ReloadOfTheNumber, LeavesATtinThatCameBeforeTheFirstWorkerWasReady) {
  TableDriver driver(workers(2));
  driver.table.resize(+1);
  driver.turn();
  driver.make_all_ready();
  EXPECT_EQ(driver.table.target(), 3U) << "there was no reload";

  TableDriver reloaded(workers(2));
  reloaded.table.resize(+1);
  reloaded.table.reload(2, workers(2));
  reloaded.turn();
  reloaded.make_all_ready();
  EXPECT_EQ(reloaded.table.target(), 3U) << "the number is the same";
}

}  // namespace
}  // namespace alicorn
