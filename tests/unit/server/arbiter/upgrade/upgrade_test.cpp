#include "server/arbiter/upgrade/upgrade.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// This process, as if its parent had started it by an upgrade.
class StartedByAnUpgrade : public ::testing::Test {
 protected:
  StartedByAnUpgrade() {
    ::signal(SIGPIPE, SIG_IGN);  // as in the master
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    old_masters_end = UniqueFd(ends[0]);
    const UniqueFd own_end(ends[1]);
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(own_end.get(), STDERR_FILENO);
    ::setenv("ALICORN_PARENT_PID", std::to_string(::getppid()).c_str(), 1);
    ::setenv("ALICORN_PARENT_LEAVES", "30000", 1);
    ::setenv("ALICORN_STDERR_FD", std::to_string(kept).c_str(), 1);
    upgrade.emplace(CommandLine());
    upgrade->take_over({listener}, {listener});
  }

  bool may_become_main() const { return upgrade->table().may_become_main(upgrade->look()); }
  bool is_overdue(MonotonicTime time, milliseconds own_time) const {
    return upgrade->table().is_old_overdue(
        {.old = upgrade->look(), .now = time, .own_time = own_time});
  }

  UniqueFd old_masters_end;
  const std::shared_ptr<Listener> listener = std::make_shared<Listener>();
  std::optional<Upgrade> upgrade;
};

TEST_F(StartedByAnUpgrade, IsTheMainProcessOnceItServes) {
  EXPECT_FALSE(is_main(upgrade->standing()));
  EXPECT_FALSE(may_become_main());
  upgrade->table().note_serving();
  EXPECT_TRUE(is_main(upgrade->standing()));
  upgrade->tell_predecessor(now());
  old_masters_end.reset();
  EXPECT_TRUE(is_main(upgrade->standing()))
      << "the old master leaves: its pipe ends shortly before it does";
}

TEST_F(StartedByAnUpgrade, WaitsForTheOldMasterOnlyAsLongAsThatMayTake) {
  constexpr MonotonicTime kTold{std::chrono::seconds(1000)};
  constexpr milliseconds kLeavesWithin{30'000}, kOwn{1}, kToEnd{2'000};
  upgrade->table().note_serving();
  EXPECT_FALSE(is_overdue(kTold + std::chrono::hours(1), kOwn));
  upgrade->tell_predecessor(kTold);
  const MonotonicTime limit = kTold + kLeavesWithin + kToEnd;
  EXPECT_FALSE(is_overdue(limit, kOwn));
  EXPECT_TRUE(is_overdue(limit + milliseconds(1), kOwn));
  EXPECT_FALSE(is_overdue(limit + milliseconds(1), 2 * kLeavesWithin));
}

TEST_F(StartedByAnUpgrade, IsNotTheMainProcessWhereItIsGivenUpUnheard) {
  upgrade->table().note_serving();
  old_masters_end.reset();
  EXPECT_FALSE(is_main(upgrade->standing()));
  EXPECT_TRUE(may_become_main()) << "if the old master is about to end";
}

TEST_F(StartedByAnUpgrade, LeavesWhatWaitsToTheOldMasterOnlyWhereThatHasGivenItUp) {
  EXPECT_FALSE(upgrade->leaves_to_peer(listener)) << "the old one may have no workers";
  EXPECT_FALSE(upgrade->leaves_to_peer(std::make_shared<Listener>()));
  old_masters_end.reset();
  EXPECT_TRUE(upgrade->leaves_to_peer(listener));
  EXPECT_FALSE(upgrade->leaves_to_peer(std::make_shared<Listener>()));
}

TEST_F(StartedByAnUpgrade, TakesWhatWaitsWhereTheOldMasterHasHeardItAndLeaves) {
  upgrade->table().note_serving();
  upgrade->tell_predecessor(now());
  old_masters_end.reset();
  EXPECT_FALSE(upgrade->leaves_to_peer(listener));
}

TEST_F(StartedByAnUpgrade, WaitsForAnOldMasterThatHasHeardItUntilThatStaysTooLong) {
  upgrade->table().note_serving();
  upgrade->tell_predecessor(now());
  old_masters_end.reset();
  const MonotonicTime hung_up = now();
  for (const MonotonicTime time : {hung_up, hung_up + milliseconds(1'000)}) {
    upgrade->table().watch_old(upgrade->look(), time);
    EXPECT_EQ(upgrade->standing(), Standing::kRelieving);
    EXPECT_FALSE(has_peer(upgrade->standing()));
  }
  upgrade->table().watch_old(upgrade->look(), hung_up + milliseconds(3'000));
  EXPECT_EQ(upgrade->standing(), Standing::kDisowned);
  EXPECT_TRUE(has_peer(upgrade->standing())) << "it has given this one up, and goes on";
  EXPECT_TRUE(upgrade->is_shared(listener));
}

TEST_F(StartedByAnUpgrade, DoesNotWaitForAnOldMasterThatNeverHearsOfIt) {
  upgrade->table().note_serving();
  old_masters_end.reset();
  upgrade->tell_predecessor(now());
  EXPECT_FALSE(upgrade->table().relieves_old(upgrade->look()));
  EXPECT_TRUE(has_peer(upgrade->standing()));
}

}  // namespace
}  // namespace alicorn
