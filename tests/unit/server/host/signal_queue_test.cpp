#include "server/host/signal_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include <fcntl.h>
#include <poll.h>
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

/// SIGWINCH has the higher number of the two.
TEST_F(SignalQueueTest, TellsOfAChildOnlyWhereNoOrderWaits) {
  ::kill(::getpid(), SIGCHLD);
  ::kill(::getpid(), SIGWINCH);
  EXPECT_EQ(queue_.wait_for(milliseconds{1000}), SIGWINCH);
  EXPECT_EQ(queue_.wait_for(milliseconds{0}), std::nullopt);
}

TEST_F(SignalQueueTest, AWorkersWakeEndsTheWaitOnce) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(::write(queue_.wake_fd(), "12345678", 8), 8);
  EXPECT_EQ(queue_.wait_for(milliseconds{60'000}), std::nullopt);
  pollfd read_end{.fd = queue_.descriptors()[1], .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&read_end, 1, 0), 0) << "both are taken";
}

/// An app may write there as often as it likes.
TEST_F(SignalQueueTest, AWorkerThatWakesAllTheTimeIsHeardNowAndThen) {
  std::string flood(64 * 1024, 'x');
  const auto write_all = [&] {
    while (::write(queue_.wake_fd(), flood.data(), flood.size()) > 0) continue;
  };
  write_all();
  const MonotonicTime start = now();
  constexpr int kTurns = 5;
  for (int turn = 0; turn < kTurns; ++turn) {
    EXPECT_EQ(queue_.wait_for(milliseconds{60'000}), std::nullopt);
    write_all();
  }
  EXPECT_GE(now() - start, (kTurns - 1) / 2 * SignalQueue::kBetweenWakes);
}

/// Its flags are shared with whoever has the descriptor, and those of the other end are not.
TEST_F(SignalQueueTest, NoWorkerCanMakeTheMasterWait) {
  ASSERT_EQ(::fcntl(queue_.wake_fd(), F_SETFL, 0), 0);
  EXPECT_NE(::fcntl(queue_.descriptors()[1], F_GETFL) & O_NONBLOCK, 0);
  ASSERT_EQ(::fcntl(queue_.wake_fd(), F_SETFL, O_NONBLOCK), 0);
  std::string flood(64 * 1024, 'x');
  while (::write(queue_.wake_fd(), flood.data(), flood.size()) > 0) continue;
  ASSERT_EQ(::fcntl(queue_.wake_fd(), F_SETFL, 0), 0);
  queue_.wake();
  EXPECT_EQ(queue_.wait_for(milliseconds{60'000}), std::nullopt);
}

TEST_F(SignalQueueTest, ItsOwnWakeEndsTheNextWaitAlone) {
  queue_.wake();
  EXPECT_EQ(queue_.wait_for(milliseconds{60'000}), std::nullopt);
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(queue_.wait_for(milliseconds{60'000}), SIGTERM);
}

TEST_F(SignalQueueTest, ASignalIsNotLostBesideAWake) {
  EXPECT_EQ(::write(queue_.wake_fd(), "1", 1), 1);
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
