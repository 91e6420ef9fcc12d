#include "server/arbiter/hooks/hook_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

using testing::HasSubstr;

/// No process has such a pid, so no signal reaches it. The same is true of a process that is stuck
/// in the kernel.
constexpr pid_t kFirst = 2'000'000'000;

class StuckHooks : public testing::Test {
 protected:
  StuckHooks() { config.hooks.words[static_cast<std::size_t>(Hook::kOnReload)] = {"/bin/true"}; }
  void run() { hooks.run(Hook::kOnReload, {}, config); }
  void pass(milliseconds time) {
    clock += time;
    hooks.keep_time(clock);
  }

  Config config;
  pid_t last = kFirst;
  HookRunner hooks{[this](const ProgramSpawn& /*spawn*/) { return Result<pid_t>(++last); }};
  MonotonicTime clock = now();
};

TEST_F(StuckHooks, AreAbandonedWhenTheyDoNotEndByAnything) {
  run();
  pass(config.hook_timeout + milliseconds(1'000));  // TERM
  pass(milliseconds(2'000));                        // KILL
  EXPECT_FALSE(hooks.is_idle());
  pass(milliseconds(5'000));
  EXPECT_TRUE(hooks.is_idle()) << "nobody waits for it";
  EXPECT_FALSE(hooks.next_event());
  EXPECT_THAT(hooks.last_failure(), HasSubstr("stuck in the kernel"));
  EXPECT_TRUE(hooks.runs(last)) << "it is a child of ours all the same";
  EXPECT_TRUE(hooks.on_exit({.pid = last}));
  EXPECT_FALSE(hooks.runs(last));
}

TEST_F(StuckHooks, AreAbandonedWhenTheServerStops) {
  run();
  hooks.give_up(clock);
  pass(milliseconds(4'999));
  hooks.give_up(clock);  // asked once more
  EXPECT_FALSE(hooks.is_idle());
  pass(milliseconds(1));
  EXPECT_TRUE(hooks.is_idle());
}

TEST_F(StuckHooks, LeaveNoRoomForMoreOfThem) {
  for (int i = 0; i < 4; ++i) run();
  pass(config.hook_timeout + milliseconds(1'000));
  pass(milliseconds(2'000));
  pass(milliseconds(5'000));
  EXPECT_TRUE(hooks.is_idle());
  run();
  EXPECT_EQ(last, kFirst + 4) << "it waits";
  EXPECT_TRUE(hooks.on_exit({.pid = kFirst + 1}));
  pass(milliseconds(0));
  EXPECT_EQ(last, kFirst + 5);
}

}  // namespace
}  // namespace alicorn
