#include "workers/log/log_time.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <time.h>

namespace alicorn {
namespace {

class LogTimeTest : public ::testing::Test {
 protected:
  LogTimeTest() {
    const char* const before = ::getenv("TZ");
    was_set_ = before != nullptr;
    if (was_set_) before_ = before;
  }
  ~LogTimeTest() override {
    if (was_set_) {
      ::setenv("TZ", before_.c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  static void use_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }

 private:
  bool was_set_ = false;
  std::string before_;
};

constexpr std::int64_t kTimeUs = 1795352361'045678;  // 2026-11-22 12:59:21 UTC

TEST_F(LogTimeTest, WritesBothFormats) {
  use_zone("UTC0");
  LogTime time;
  time.refresh(kTimeUs);
  EXPECT_EQ(time.common(), "[22/Nov/2026:12:59:21 +0000]");
  EXPECT_EQ(time.iso(), "2026-11-22T12:59:21.045+00:00");
}

TEST_F(LogTimeTest, UsesLocalTime) {
  use_zone("XYZ+03:30");
  LogTime west;
  west.refresh(kTimeUs);
  EXPECT_EQ(west.common(), "[22/Nov/2026:09:29:21 -0330]");
  EXPECT_EQ(west.iso(), "2026-11-22T09:29:21.045-03:30");
  use_zone("XYZ-12:45");
  LogTime east;
  east.refresh(kTimeUs);
  EXPECT_EQ(east.common(), "[23/Nov/2026:01:44:21 +1245]");
  EXPECT_EQ(east.iso(), "2026-11-23T01:44:21.045+12:45");
}

TEST_F(LogTimeTest, FollowsTheClock) {
  use_zone("UTC0");
  LogTime time;
  time.refresh(kTimeUs);
  time.refresh(kTimeUs + 900'000);
  EXPECT_EQ(time.iso(), "2026-11-22T12:59:21.945+00:00");
  time.refresh(kTimeUs + 1'000'000);
  EXPECT_EQ(time.common(), "[22/Nov/2026:12:59:22 +0000]");
  time.refresh(0);
  EXPECT_EQ(time.common(), "[01/Jan/1970:00:00:00 +0000]");
}

}  // namespace
}  // namespace alicorn
