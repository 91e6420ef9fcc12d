#include "server/arbiter/reexec.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// This process, as if its parent had started it by an upgrade.
class StartedByAnUpgrade : public ::testing::Test {
 protected:
  StartedByAnUpgrade() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    old_masters_end = UniqueFd(ends[0]);
    const UniqueFd own_end(ends[1]);
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(own_end.get(), STDERR_FILENO);
    ::setenv("ALICORN_PARENT_PID", std::to_string(::getppid()).c_str(), 1);
    ::setenv("ALICORN_STDERR_FD", std::to_string(kept).c_str(), 1);
    upgrade.emplace(CommandLine());
    upgrade->take_over({listener}, {listener});
  }

  UniqueFd old_masters_end;
  const std::shared_ptr<Listener> listener = std::make_shared<Listener>();
  std::optional<Upgrade> upgrade;
};

TEST_F(StartedByAnUpgrade, IsTheMainProcessOnceItServes) {
  EXPECT_FALSE(upgrade->is_main());
  EXPECT_FALSE(upgrade->may_become_main());
  upgrade->note_serving();
  EXPECT_TRUE(upgrade->is_main());
  upgrade->tell_predecessor();
  old_masters_end.reset();
  EXPECT_TRUE(upgrade->is_main()) << "the old master leaves: its pipe ends shortly before it does";
}

TEST_F(StartedByAnUpgrade, IsNotTheMainProcessWhereItIsGivenUpUnheard) {
  upgrade->note_serving();
  old_masters_end.reset();
  EXPECT_FALSE(upgrade->is_main());
  EXPECT_TRUE(upgrade->may_become_main()) << "if the old master is about to end";
}

TEST_F(StartedByAnUpgrade, LeavesWhatWaitsToTheOldMasterOnlyWhereThatHasGivenItUp) {
  EXPECT_FALSE(upgrade->leaves_to_peer(listener)) << "the old one may have no workers";
  EXPECT_FALSE(upgrade->leaves_to_peer(std::make_shared<Listener>()));
  old_masters_end.reset();
  EXPECT_TRUE(upgrade->leaves_to_peer(listener));
  EXPECT_FALSE(upgrade->leaves_to_peer(std::make_shared<Listener>()));
}

TEST_F(StartedByAnUpgrade, TakesWhatWaitsWhereTheOldMasterHasHeardItAndLeaves) {
  upgrade->note_serving();
  upgrade->tell_predecessor();
  old_masters_end.reset();
  EXPECT_FALSE(upgrade->leaves_to_peer(listener));
}

}  // namespace
}  // namespace alicorn
