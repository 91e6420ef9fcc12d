#include "workers/loop/event_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Wait = AppExecutor::Wait;

/// Notes each of its turns under its name, and then does what the test wants.
class Noted final : public EventLoop::Source {
 public:
  Noted(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
  void on_events(std::uint32_t events) noexcept override {
    log_.push_back(name_ + (events == EventLoop::kTurn ? "'s turn" : ""));
    then();
  }
  std::function<void()> then = [] {};

 private:
  std::vector<std::string>& log_;
  const std::string name_;
};

UniqueFd make_event(unsigned count = 0) {
  return UniqueFd(::eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK));
}

void raise(const UniqueFd& event) {
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(event.get(), &one, sizeof one), ssize_t{sizeof one});
}

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() { EXPECT_TRUE(loop.open()); }
  bool add(Noted& source, const UniqueFd& fd) {
    return loop.add(source, fd.get(), EPOLLIN | EPOLLET);
  }
  /// All turns that there are now.
  void run() {
    for (int turns = 0; turns < 1000 && loop.turn(Wait::kMustNot); ++turns) {
    }
  }

  EventLoop loop;
  std::vector<std::string> log;
  Noted a{log, "a"}, b{log, "b"}, c{log, "c"};
  UniqueFd fd_a = make_event(), fd_b = make_event(), fd_c = make_event();
};

/// A connection that starts before the first turn must not have a deadline in the past.
TEST(EventLoop, KnowsTheTimeBeforeItsFirstTurn) {
  const MonotonicTime before = now();
  EventLoop loop;
  ASSERT_TRUE(loop.open());
  EXPECT_GE(loop.time(), before);
  EXPECT_LE(loop.time(), now());
}

TEST_F(EventLoopTest, ATurnHandlesOneEvent) {
  add(a, fd_a);
  add(b, fd_b);
  raise(fd_a);
  raise(fd_b);
  EXPECT_TRUE(loop.turn(Wait::kMay));
  EXPECT_THAT(log, ElementsAre("a"));
  EXPECT_TRUE(loop.turn(Wait::kMay));
  EXPECT_THAT(log, ElementsAre("a", "b"));
  EXPECT_FALSE(loop.turn(Wait::kMustNot));
}

TEST_F(EventLoopTest, AnEventIsReportedOnce) {
  add(a, fd_a);
  raise(fd_a);
  run();
  run();
  EXPECT_THAT(log, ElementsAre("a"));
  raise(fd_a);
  run();
  EXPECT_THAT(log, ElementsAre("a", "a"));
}

TEST_F(EventLoopTest, WhatWasReadyBeforeItCameIsReported) {
  raise(fd_a);
  add(a, fd_a);
  run();
  EXPECT_THAT(log, ElementsAre("a"));
}

TEST_F(EventLoopTest, AQueuedSourceHasOneTurnAndNotAtOnce) {
  loop.queue(a);
  loop.queue(a);
  EXPECT_THAT(log, IsEmpty());
  run();
  EXPECT_THAT(log, ElementsAre("a's turn"));
}

TEST_F(EventLoopTest, AQueuedSourceComesBehindWhatTheKernelHasReported) {
  add(a, fd_a);
  add(b, fd_b);
  raise(fd_a);
  raise(fd_b);
  a.then = [this] { loop.queue(c); };
  run();
  EXPECT_THAT(log, ElementsAre("a", "b", "c's turn"));
}

TEST_F(EventLoopTest, WhoQueuesAllTheTimeDoesNotKeepEventsOut) {
  add(b, fd_b);
  a.then = [this] {
    if (log.size() == 1) raise(fd_b);
    if (log.size() < 10) loop.queue(a);
  };
  loop.queue(a);
  for (int turns = 0; turns < 3; ++turns) loop.turn(Wait::kMustNot);
  EXPECT_THAT(log, ElementsAre("a's turn", "a's turn", "b"));
}

/// A client that has just been accepted is read before the kernel is asked for more.
TEST_F(EventLoopTest, WhatAnEventQueuesComesBeforeLaterNews) {
  add(a, fd_a);
  add(c, fd_c);
  raise(fd_a);
  a.then = [this] {
    loop.queue(b);
    raise(fd_c);
  };
  run();
  EXPECT_THAT(log, ElementsAre("a", "b's turn", "c"));
}

TEST_F(EventLoopTest, QueuedSourcesKeepTheirOrder) {
  for (Noted* source : {&b, &a, &c}) loop.queue(*source);
  run();
  EXPECT_THAT(log, ElementsAre("b's turn", "a's turn", "c's turn"));
}

TEST_F(EventLoopTest, AYieldedSourceComesBehindEverythingThatIsReady) {
  add(b, fd_b);
  LoopTimer timer(loop, [this] { log.push_back("timer"); });
  timer.set(now());
  loop.yield(a);
  loop.queue(c);
  raise(fd_b);
  run();
  EXPECT_THAT(log, ElementsAre("b", "c's turn", "timer", "a's turn"));
}

TEST_F(EventLoopTest, TheKernelIsAskedBetweenTwoYieldedSources) {
  add(c, fd_c);
  for (Noted* source : {&a, &b}) loop.yield(*source);
  a.then = [this] { raise(fd_c); };
  run();
  EXPECT_THAT(log, ElementsAre("a's turn", "c", "b's turn"));
}

TEST_F(EventLoopTest, AYieldedSourceIsNotKeptWaitingByEvents) {
  add(b, fd_b);
  b.then = [this] {
    if (log.size() < 20) raise(fd_b);
  };
  raise(fd_b);
  loop.yield(a);
  run();
  EXPECT_THAT(std::vector(log.begin(), log.begin() + 3), ElementsAre("b", "a's turn", "b"));
}

TEST_F(EventLoopTest, DoesNotWaitWhileASourceHasYielded) {
  loop.yield(a);
  EXPECT_TRUE(loop.turn(Wait::kMay));
  EXPECT_THAT(log, ElementsAre("a's turn"));
}

TEST_F(EventLoopTest, AForgottenSourceHasNoTurnAnyMore) {
  for (Noted* source : {&a, &b, &c}) loop.queue(*source);
  a.then = [this] { loop.forget(b); };
  run();
  EXPECT_THAT(log, ElementsAre("a's turn", "c's turn"));
}

TEST_F(EventLoopTest, EventsOfASourceThatIsGoneAreDropped) {
  add(a, fd_a);
  add(b, fd_b);
  raise(fd_a);
  raise(fd_b);
  a.then = [this] {
    loop.forget(b);
    fd_b.reset();
  };
  run();
  EXPECT_THAT(log, ElementsAre("a"));
}

TEST_F(EventLoopTest, AnotherSourceInItsPlaceDoesNotGetItsEvents) {
  add(a, fd_a);
  add(b, fd_b);
  raise(fd_a);
  raise(fd_b);
  a.then = [this] {
    loop.forget(b);
    fd_b.reset();
    add(c, fd_c);
  };
  run();
  EXPECT_THAT(log, ElementsAre("a"));
  raise(fd_c);
  run();
  EXPECT_THAT(log, ElementsAre("a", "c"));
}

// A child of the app may have inherited it.
TEST_F(EventLoopTest, ACopyOfAClosedDescriptorReportsToNobody) {
  add(a, fd_a);
  const UniqueFd copy(::dup(fd_a.get()));
  loop.forget(a);
  fd_a.reset();
  add(b, fd_b);
  raise(copy);
  run();
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(EventLoopTest, ARemovedSourceCanComeBack) {
  add(a, fd_a);
  loop.remove(a, fd_a.get());
  raise(fd_a);
  run();
  EXPECT_THAT(log, IsEmpty());
  EXPECT_TRUE(add(a, fd_a));
  run();
  EXPECT_THAT(log, ElementsAre("a"));
}

TEST_F(EventLoopTest, ASourceMayEndInItsTurn) {
  auto short_lived = std::make_unique<Noted>(log, "short-lived");
  add(*short_lived, fd_a);
  raise(fd_a);
  short_lived->then = [&] {
    loop.forget(*short_lived);
    fd_a.reset();
  };
  run();
  short_lived.reset();
  run();
  EXPECT_THAT(log, ElementsAre("short-lived"));
}

TEST_F(EventLoopTest, RefusesADescriptorThatCannotBeWaitedFor) {
  EXPECT_FALSE(loop.add(a, -1, EPOLLIN));
  EXPECT_EQ(errno, EBADF);
  EXPECT_TRUE(add(a, fd_a)) << "the source is as before";
}

TEST_F(EventLoopTest, ManySourcesKeepTheirOwnEvents) {
  std::vector<std::unique_ptr<Noted>> sources;
  std::vector<UniqueFd> fds;
  for (int i = 0; i < 600; ++i) {  // more than one epoll_wait() returns
    sources.push_back(std::make_unique<Noted>(log, std::to_string(i)));
    fds.push_back(make_event(1));
    ASSERT_TRUE(add(*sources.back(), fds.back()));
  }
  run();
  EXPECT_EQ(log.size(), 600U);
  log.clear();
  for (int i = 0; i < 600; i += 2) loop.forget(*sources[static_cast<std::size_t>(i)]);
  raise(fds[4]);
  raise(fds[5]);
  run();
  EXPECT_THAT(log, ElementsAre("5"));
}

TEST(EventLoopDeathTest, EndsTheWorkerIfTheAppHasClosedItsDescriptor) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        EventLoop loop;
        const int next = ::dup(STDERR_FILENO);
        ::close(next);
        if (loop.open()) {
          ::close(next);
          loop.turn(Wait::kMustNot);
        }
      },
      "has the app closed it");
}

TEST_F(EventLoopTest, ATimerIsCalledAtItsTimeAndOnce) {
  int calls = 0;
  LoopTimer timer(loop, [&] { ++calls; });
  run();
  EXPECT_EQ(calls, 0);
  timer.set(now() + std::chrono::hours(1));
  run();
  EXPECT_EQ(calls, 0);
  timer.set(now());
  EXPECT_TRUE(loop.turn(Wait::kMay));
  run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(timer.time(), MonotonicTime::max());
}

TEST_F(EventLoopTest, EachTimerIsCalledAtItsTime) {
  LoopTimer late(loop, [&] { log.emplace_back("late"); }),
      early(loop, [&] { log.emplace_back("early"); }),
      never(loop, [&] { log.emplace_back("never"); });
  never.set(now());
  late.set(now() + milliseconds(2));
  early.set(now() + milliseconds(1));
  never.cancel();
  EXPECT_EQ(never.time(), MonotonicTime::max());
  while (log.size() < 2) loop.turn(Wait::kMay);
  run();
  EXPECT_THAT(log, ElementsAre("early", "late"));
}

TEST_F(EventLoopTest, ATimerMaySetItselfAgain) {
  int calls = 0;
  std::optional<LoopTimer> timer;
  timer.emplace(loop, [&] {
    if (++calls < 3) timer->set(now());
  });
  timer->set(now());
  run();
  EXPECT_EQ(calls, 3);
}

TEST_F(EventLoopTest, ATimerComesBehindEventsAndTurns) {
  LoopTimer timer(loop, [&] { log.emplace_back("timer"); });
  timer.set(now());
  add(a, fd_a);
  raise(fd_a);
  loop.queue(b);
  run();
  EXPECT_THAT(log, ElementsAre("a", "b's turn", "timer"));
}

TEST_F(EventLoopTest, ATimerThatSetsItselfToThePastKeepsNoEventOut) {
  std::optional<LoopTimer> timer;
  timer.emplace(loop, [&] {
    if (log.empty()) timer->set(MonotonicTime{});
  });
  timer->set(MonotonicTime{});
  loop.turn(Wait::kMustNot);
  add(a, fd_a);
  raise(fd_a);
  run();
  EXPECT_THAT(log, ElementsAre("a"));
}

TEST_F(EventLoopTest, AChangeReportsWhatHoldsNow) {
  loop.add(a, fd_a.get(), EPOLLIN | EPOLLET);
  run();
  EXPECT_THAT(log, IsEmpty());
  EXPECT_TRUE(loop.change(a, fd_a.get(), EPOLLIN | EPOLLOUT | EPOLLET));
  run();
  EXPECT_THAT(log, ElementsAre("a"));
}

TEST_F(EventLoopTest, ATimerThatIsGoneIsNotCalled) {
  {
    LoopTimer timer(loop, [&] { log.emplace_back("timer"); });
    timer.set(now());
  }
  run();
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(EventLoopTest, AWatchIsCalledAsLongAsItsDescriptorIsReadable) {
  ReadableWatch watch(loop, [&] { log.emplace_back("readable"); });
  ASSERT_TRUE(watch.watch(fd_a.get()));
  raise(fd_a);
  loop.turn(Wait::kMustNot);
  loop.turn(Wait::kMustNot);
  EXPECT_THAT(log, ElementsAre("readable", "readable"));
}

TEST_F(EventLoopTest, AWatchCanBeForOneTime) {
  ReadableWatch watch(
      loop, [&] { log.emplace_back("readable"); }, ReadableWatch::Times::kOnce);
  ASSERT_TRUE(watch.watch(fd_a.get()));
  raise(fd_a);
  run();
  EXPECT_THAT(log, ElementsAre("readable"));
}

TEST_F(EventLoopTest, AWatchThatEndsLeavesTheDescriptorOpen) {
  {
    ReadableWatch watch(loop, [&] { log.emplace_back("readable"); });
    ASSERT_TRUE(watch.watch(fd_a.get()));
  }
  raise(fd_a);
  run();
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(EventLoopTest, AWatchSaysWhyItCannotWatch) {
  ReadableWatch watch(loop, [] {});
  EXPECT_FALSE(watch.watch(-1));
}

}  // namespace
}  // namespace alicorn
