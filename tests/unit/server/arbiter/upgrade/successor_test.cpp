#include "server/arbiter/upgrade/successor.hpp"

#include "server/arbiter/upgrade/upgrade_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// No process has this pid: a signal to it reaches nobody.
constexpr pid_t kNobody = 2'000'000'000;

class NewMaster : public ::testing::Test {
 protected:
  NewMaster() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    successor = Successor(kNobody, UniqueFd(ends[0]));
    pipe = UniqueFd(ends[1]);
  }
  void say(std::string_view text) const {
    EXPECT_EQ(::write(pipe.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  Successor successor;
  UniqueFd pipe;
};

TEST_F(NewMaster, IsHeardWithABoundInEachTurn) {
  const int room = ::fcntl(pipe.get(), F_SETPIPE_SZ, 512 << 10);
  if (room < 512 << 10) GTEST_SKIP() << "no pipe holds so much here";
  say(std::string(500 << 10, 'x'));
  EXPECT_FALSE(successor.listen());
  char byte = 0;
  EXPECT_EQ(::read(successor.fd(), &byte, 1), 1) << "the rest is for later turns";
  say(describe_serving({}));
  bool serves = false;
  for (int turn = 0; turn < 10 && !serves; ++turn) serves = successor.listen();
  EXPECT_TRUE(serves);
}

TEST_F(NewMaster, SaysOnceThatItServes) {
  say("a warning\n");
  EXPECT_FALSE(successor.listen());
  say(std::string("\0\0", 2));
  EXPECT_FALSE(successor.listen()) << "what a foreign program prints is no such word";
  const std::string said = describe_serving({5, 7});
  say(said.substr(0, 12));
  EXPECT_FALSE(successor.listen());
  say(said.substr(12));
  EXPECT_TRUE(successor.listen());
  EXPECT_EQ(successor.superseded(), (std::vector<int>{5, 7}));
  EXPECT_FALSE(successor.listen()) << "told once";
  EXPECT_EQ(successor.last_words(), "");
}

TEST_F(NewMaster, LeavesItsLastLine) {
  say("first\nsecond\n");
  say("alicorn: worker 1 could not start\n\n");
  EXPECT_FALSE(successor.listen());
  EXPECT_EQ(successor.last_words(), "worker 1 could not start");
  pipe.reset();
  EXPECT_FALSE(successor.listen());
  EXPECT_EQ(successor.fd(), -1) << "its end is not told for ever";
}

TEST_F(NewMaster, IsHeardNoMoreOnceItIsGivenUp) {
  say(describe_serving({}));
  successor.hang_up();
  EXPECT_EQ(successor.fd(), -1) << "which it sees, and relies on nobody";
  EXPECT_FALSE(successor.listen());
}

}  // namespace
}  // namespace alicorn
