#include "server/host/process_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn {
namespace {

using ::testing::StartsWith;

TEST(ProcessState, OfOneThatStandsStill) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  ::kill(child, SIGSTOP);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  EXPECT_EQ(process_state(child), 'T');
  EXPECT_THAT(describe_threads(child), StartsWith("1 T"));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(process_state(child), std::nullopt);
  EXPECT_EQ(describe_threads(child), "");
}

TEST(ProcessState, KnowsWhoseItIs) {
  EXPECT_EQ(process_user(::getpid()), ::getuid());
  EXPECT_EQ(process_user(2'000'000'000), std::nullopt);
}

TEST(ProcessState, OfOneWhoseParentHasNotLookedYet) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(process_state(child), 'Z');
  int status = 0;
  ::waitpid(child, &status, 0);
}

}  // namespace
}  // namespace alicorn
