#include "server/arbiter/worker_table.hpp"
#include "tests/unit/server/arbiter/table_driver.hpp"

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

}  // namespace
}  // namespace alicorn
