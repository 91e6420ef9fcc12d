#include "workers/loop/coroutine.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

// gcc does not see that the arena's operator new, a template, and its operator delete belong
// together.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace alicorn {
namespace {

TEST(FrameArena, GivesMemoryBackInReverse) {
  FrameArena arena;
  void* first = arena.allocate(100);
  void* second = arena.allocate(33);
  EXPECT_NE(first, second);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second) % alignof(std::max_align_t), 0U);
  arena.deallocate(second, 33);
  EXPECT_EQ(arena.allocate(500), second);
  arena.deallocate(second, 500);
  arena.deallocate(first, 100);
  EXPECT_EQ(arena.allocate(1), first);
  arena.deallocate(first, 1);
}

TEST(FrameArena, BorrowsFromTheHeapWhatDoesNotFit) {
  FrameArena arena;
  void* fits = arena.allocate(2000);
  void* large = arena.allocate(2000);
  std::memset(large, 1, 2000);
  void* small = arena.allocate(200);
  arena.deallocate(small, 200);
  arena.deallocate(large, 2000);
  EXPECT_EQ(arena.allocate(200), small);
  arena.deallocate(small, 200);
  arena.deallocate(fits, 2000);
  EXPECT_EQ(arena.allocate(2000), fits);
  arena.deallocate(fits, 2000);
}

/// A stand-in for a connection. Its steps await events that a test fires.
class Talker {
 public:
  FrameArena& frame_arena() { return arena_; }
  struct Event {
    Talker& talker;
    bool await_ready() const noexcept { return std::exchange(talker.fired_, false); }
    void await_suspend(std::coroutine_handle<> handle) const noexcept { talker.waiter_ = handle; }
    void await_resume() const noexcept {}
  };
  Event event() { return Event{*this}; }
  void fire() {
    if (waiter_) {
      std::exchange(waiter_, nullptr).resume();
    } else {
      fired_ = true;
    }
  }
  bool waits() const { return static_cast<bool>(waiter_); }

  DetachedCoroutine run_nested() {
    const int result = co_await outer(20);
    steps.push_back(result);
    over = true;
  }
  Task<int> outer(int n) {
    steps.push_back(n);
    const int first = co_await inner(n + 1);
    const int second = co_await inner(first + 1);
    co_return second + 1;
  }
  Task<int> inner(int n) {
    steps.push_back(n);
    co_await event();
    co_return n * 10;
  }

  DetachedCoroutine run_synchronous(int count) {
    for (int i = 0; i < count; ++i) total += co_await immediate(1);
    over = true;
  }
  Task<int> immediate(int n) {
    note_stack();
    co_return n;
  }
  /// Every other step waits and continues within fire().
  DetachedCoroutine run_mixed(int count) {
    for (int i = 0; i < count; ++i) {
      int value = 0;
      if (i % 2 == 0) {
        value = co_await immediate(1);
      } else {
        value = co_await waiting(1);
      }
      total += value;
    }
    over = true;
  }
  Task<int> waiting(int n) {
    co_await event();
    note_stack();
    co_return n;
  }
  DetachedCoroutine run_unawaited() {
    {
      const Task<int> never_started = inner(1);
      steps.push_back(-1);
    }
    over = true;
    co_return;
  }

  void note_stack() {
    // AddressSanitizer moves locals elsewhere, but the frame itself stays on the stack.
    const auto address = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (lowest == 0 || address < lowest) lowest = address;
    if (address > highest) highest = address;
  }

  std::vector<int> steps;
  int total = 0;
  bool over = false;
  std::uintptr_t lowest = 0, highest = 0;

 private:
  FrameArena arena_;
  std::coroutine_handle<> waiter_;
  bool fired_ = false;
};

TEST(Coroutine, RunsUntilItWaitsAndContinuesWhenResumed) {
  Talker talker;
  talker.run_nested();
  EXPECT_EQ(talker.steps, (std::vector<int>{20, 21}));
  EXPECT_TRUE(talker.waits());
  talker.fire();
  EXPECT_EQ(talker.steps, (std::vector<int>{20, 21, 211}));
  EXPECT_FALSE(talker.over);
  talker.fire();
  EXPECT_EQ(talker.steps, (std::vector<int>{20, 21, 211, 2111}));
  EXPECT_TRUE(talker.over);
  EXPECT_FALSE(talker.waits());
}

TEST(Coroutine, ContinuesAtOnceIfTheEventHasHappened) {
  Talker talker;
  talker.fire();
  talker.run_nested();
  EXPECT_EQ(talker.steps, (std::vector<int>{20, 21, 211}));
  talker.fire();
  EXPECT_TRUE(talker.over);
}

TEST(Coroutine, RestoresItsArena) {
  Talker talker;
  void* before = talker.frame_arena().allocate(16);
  talker.frame_arena().deallocate(before, 16);
  for (int i = 0; i < 3; ++i) {
    talker.run_nested();
    void* during = talker.frame_arena().allocate(16);
    EXPECT_GT(during, before);  // the frames are in the arena
    talker.frame_arena().deallocate(during, 16);
    talker.fire();
    talker.fire();
    void* after = talker.frame_arena().allocate(16);
    EXPECT_EQ(after, before);
    talker.frame_arena().deallocate(after, 16);
  }
}

TEST(Coroutine, DropsAStepThatIsNeverAwaited) {
  Talker talker;
  talker.run_unawaited();
  EXPECT_TRUE(talker.over);
  EXPECT_EQ(talker.steps, std::vector<int>{-1});
}

TEST(Coroutine, TakesTenThousandSynchronousStepsOnOneStackFrame) {
  Talker talker;
  talker.run_synchronous(10'000);
  EXPECT_TRUE(talker.over);
  EXPECT_EQ(talker.total, 10'000);
  EXPECT_EQ(talker.highest - talker.lowest, 0U);
}

TEST(Coroutine, DoesNotGrowTheStackIfStepsWaitNowAndThen) {
  Talker talker;
  talker.run_mixed(10'000);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(talker.waits());
    talker.fire();
  }
  EXPECT_TRUE(talker.over);
  EXPECT_EQ(talker.total, 10'000);
  EXPECT_LT(talker.highest - talker.lowest, 4'096U);
}

}  // namespace
}  // namespace alicorn
