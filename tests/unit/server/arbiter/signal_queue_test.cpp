#include "server/arbiter/signal_queue.hpp"

#include <gtest/gtest.h>

#include <array>

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// The mask belongs to the whole test program: put back after each test.
class SignalQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    ::sigprocmask(SIG_BLOCK, nullptr, &mask_before_);
    auto created = SignalQueue::create();
    ASSERT_TRUE(created) << created.error().text();
    queue_ = std::move(*created);
  }
  void TearDown() override {
    while (queue_.wait_for(milliseconds{0})) {
    }
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }

  SignalQueue queue_;

 private:
  sigset_t mask_before_{};
};

TEST_F(SignalQueueTest, GivesNothingWhenTimeIsOver) {
  EXPECT_EQ(queue_.wait_for(milliseconds{0}), std::nullopt);
  EXPECT_EQ(queue_.wait_for(milliseconds{1}), std::nullopt);
}

TEST_F(SignalQueueTest, GivesEachSignalOnceAsData) {
  for (const int number :
       {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH, SIGCHLD}) {
    ::kill(::getpid(), number);
    EXPECT_EQ(queue_.wait_for(milliseconds{1000}), number);
    EXPECT_EQ(queue_.wait_for(milliseconds{0}), std::nullopt);
  }
}

TEST_F(SignalQueueTest, KnowsWhoHasSentTheLastOne) {
  EXPECT_EQ(queue_.sender(), 0);
  ::kill(::getpid(), SIGUSR1);
  EXPECT_EQ(queue_.wait_for(milliseconds{1000}), SIGUSR1);
  EXPECT_EQ(queue_.sender(), ::getpid());
}

TEST_F(SignalQueueTest, GivesSeveralOneAfterTheOther) {
  ::kill(::getpid(), SIGTERM);
  ::kill(::getpid(), SIGHUP);
  EXPECT_EQ(queue_.wait_for(milliseconds{1000}),
            SIGHUP);  // the kernel gives the lowest number first
  EXPECT_EQ(queue_.wait_for(milliseconds{1000}), SIGTERM);
}

TEST_F(SignalQueueTest, AWorkersWakeEndsTheWaitOnce) {
  ::eventfd_write(queue_.wake_fd(), 1);
  ::eventfd_write(queue_.wake_fd(), 1);
  EXPECT_EQ(queue_.wait_for(milliseconds{60'000}), std::nullopt);
  eventfd_t count = 0;
  EXPECT_EQ(::eventfd_read(queue_.wake_fd(), &count), -1);  // taken
}

TEST_F(SignalQueueTest, ASignalIsNotLostBesideAWake) {
  ::eventfd_write(queue_.wake_fd(), 1);
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(queue_.wait_for(milliseconds{1000}), SIGTERM);
}

TEST_F(SignalQueueTest, AnotherDescriptorEndsTheWait) {
  const UniqueFd other(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::array others{pollfd{.fd = other.get(), .events = POLLIN, .revents = 0}};
  const MonotonicTime start = now();
  EXPECT_EQ(queue_.wait_for(milliseconds{60'000}, others), std::nullopt);
  EXPECT_LT(now() - start, milliseconds{30'000});
}

TEST_F(SignalQueueTest, HasWhatCameBeforeItWasThere) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const HeldSignals held;
  ::kill(::getpid(), SIGUSR1);
  auto queue = SignalQueue::create();
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->wait_for(milliseconds{1000}), SIGUSR1);
  held.release();
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_FALSE(::sigismember(&blocked, SIGUSR1));
}

TEST_F(SignalQueueTest, UndoesInheritedIgnoring) {
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGCHLD, SIG_IGN);
  auto queue = SignalQueue::create();
  ASSERT_TRUE(queue);
  struct sigaction action {};
  ::sigaction(SIGCHLD, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
  for (const int number : {SIGPIPE, SIGXFSZ}) {
    ::sigaction(number, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_IGN) << number;
  }
  ::kill(::getpid(), SIGHUP);
  EXPECT_EQ(queue->wait_for(milliseconds{1000}), SIGHUP);
}

}  // namespace
}  // namespace alicorn
