#include "server/arbiter/spawn/errand.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

using ::testing::HasSubstr;

/// No process has such a pid, so no signal reaches it. The same is true of a process that is stuck
/// in the kernel.
constexpr pid_t kFirst = 2'000'000'000;

class StuckErrands : public ::testing::Test {
 protected:
  void send() {
    errands.send({.purpose = "logs",
                  .work = {},
                  .done =
                      [this](const Result<ErrandFinds>& finds) {
                        answer = finds ? "" : finds.error().text();
                      }},
                 {}, milliseconds(1'000), clock);
  }
  /// Nothing is heard from the child.
  void let_end() {
    clock += milliseconds(1'000);
    errands.hear(clock);
  }

  pid_t last = kFirst;
  Errands errands{[this](const WorkerSpawn& /*spawn*/) { return Result<pid_t>(++last); }};
  MonotonicTime clock{std::chrono::hours(1)};
  std::string answer;
};

TEST_F(StuckErrands, LeaveNoRoomForMoreOfThem) {
  for (int i = 0; i < 4; ++i) {
    send();
    let_end();
    EXPECT_TRUE(errands.runs(last));
  }
  clock += kTimeAfterKill;
  send();
  EXPECT_EQ(last, kFirst + 4) << "another one would join them";
  EXPECT_FALSE(errands.is_busy());
  EXPECT_THAT(answer, HasSubstr("a disk has not answered"));
  EXPECT_TRUE(errands.on_exit({.pid = kFirst + 2}));
  send();
  EXPECT_EQ(last, kFirst + 5);
  EXPECT_TRUE(errands.is_busy());
}

TEST_F(StuckErrands, AreNotThoseThatAreAboutToLeave) {
  for (int i = 0; i < 10; ++i) {
    send();
    errands.hear(clock);
    EXPECT_FALSE(errands.is_busy());
  }
  EXPECT_EQ(last, kFirst + 10);
}

}  // namespace
}  // namespace alicorn
