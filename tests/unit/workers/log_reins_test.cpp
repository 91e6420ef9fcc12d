// A worker obeys the master's orders about its log level.
#include "workers/log_reins.hpp"

#include "workers/app/app_host.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

class LogReinsTest : public ::testing::Test {
 protected:
  ~LogReinsTest() override { log::set_level(log::Level::kInfo); }

  const WorkerSettings settings_;
  WorkerSlot slot_;
  AppHost app_{settings_, 1};
  LogReins reins_{slot_, app_};
};

TEST_F(LogReinsTest, FollowsAnOrderForTheServersAndTheAppsLines) {
  EXPECT_EQ(app_.table().log_level, ALICORN_LOG_INFO);
  slot_.order_log_level(log::Level::kDebug);
  reins_.follow();
  EXPECT_TRUE(log::enabled(log::Level::kDebug));
  EXPECT_EQ(app_.table().log_level, ALICORN_LOG_DEBUG);
  slot_.order_log_level(log::Level::kError);
  reins_.follow();
  EXPECT_FALSE(log::enabled(log::Level::kWarning));
  EXPECT_EQ(app_.table().log_level, ALICORN_LOG_ERROR);
}

TEST_F(LogReinsTest, LeavesTheLevelAloneWithoutAnOrder) {
  reins_.follow();
  EXPECT_TRUE(log::enabled(log::Level::kInfo));
  EXPECT_EQ(app_.table().log_level, ALICORN_LOG_INFO);
}

}  // namespace
}  // namespace alicorn
