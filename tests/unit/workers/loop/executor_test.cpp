#include "workers/loop/executor.hpp"

#include "tests/unit/workers/loop/executor_rig.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <mutex>
#include <numeric>
#include <set>

namespace alicorn::test {
namespace {

using ::testing::ElementsAreArray;
using Model = AppExecutor::Model;

class AppExecutorThreads : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Relay, AppExecutorThreads, ::testing::Values(1, 2, 4));

TEST_P(AppExecutorThreads, RunsEachTaskOnceAndTellsTheLoop) {
  ExecutorRig rig(GetParam());
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  for (int i = 0; i < 200; ++i) tasks.push_back(std::make_unique<WatchedTask>(rig));
  for (auto& task : tasks) rig.submit(*task);
  for (auto& task : tasks) task->returned.wait();
  rig.stop();
  for (auto& task : tasks) {
    EXPECT_EQ(task->runs, 1);
    EXPECT_EQ(task->returns, 1);
  }
}

/// One round of short tasks, submitted together. False: on a busy machine one of them counted as
/// late.
bool run_short_tasks(ExecutorRig& rig, std::vector<int>& order, bool& on_leader) {
  std::mutex mutex;
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(std::make_unique<WatchedTask>(rig, [&, i](AppThread&) {
      const std::lock_guard lock(mutex);
      order.push_back(i);
    }));
  }
  rig.on_loop([&] {
    for (auto& task : tasks) rig.executor().submit(*task);
  });
  bool none_late = true;
  on_leader = true;
  for (auto& task : tasks) {
    task->returned.wait();
    none_late = none_late && task->lates == 0;
    on_leader = on_leader && task->ran_on.load() == rig.leader.load();
  }
  return none_late;
}

TEST_P(AppExecutorThreads, KeepsShortTasksOnTheLeaderInOrder) {
  ExecutorRig rig(GetParam());
  std::vector<int> expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  // On a busy machine any task may be late now and then, but not always.
  EXPECT_TRUE(eventually([&] {
    std::vector<int> order;
    bool on_leader = false;
    if (!run_short_tasks(rig, order, on_leader)) return false;
    EXPECT_THAT(order, ElementsAreArray(expected));
    return on_leader;
  }));
}

TEST(AppExecutor, StartsTasksInOrderWhereOneRunsAtATime) {
  ExecutorRig rig(1);
  Gate gate;
  WatchedTask blocker(rig, [&](AppThread&) { gate.wait(); });
  rig.submit(blocker);
  blocker.late.wait();
  std::vector<int> order;  // threads: 1 serialises the tasks, and makes what they write visible
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  for (int i = 0; i < 200; ++i) {
    tasks.push_back(std::make_unique<WatchedTask>(rig, [&, i](AppThread&) { order.push_back(i); }));
    rig.submit(*tasks.back());
  }
  gate.open();
  for (auto& task : tasks) task->returned.wait();
  std::vector<int> expected(200);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_THAT(order, ElementsAreArray(expected));
}

TEST_P(AppExecutorThreads, HandsOverTheLoopWhileATaskBlocks) {
  ExecutorRig rig(GetParam());
  Gate gate;
  WatchedTask task(rig, [&](AppThread&) { gate.wait(); });
  rig.submit(task);
  ASSERT_TRUE(task.late.wait_for(kPatience));
  EXPECT_TRUE(rig.turns());
  EXPECT_EQ(task.returns, 0);
  EXPECT_NE(rig.leader.load(), task.ran_on.load());
  rig.on_loop([&] { EXPECT_EQ(rig.executor().running_elsewhere(), 1U); });
  gate.open();
  EXPECT_TRUE(task.returned.wait_for(kPatience));  // on the leader, says the task
  rig.on_loop([&] { EXPECT_EQ(rig.executor().running_elsewhere(), 0U); });
  EXPECT_EQ(task.lates, 1);
}

TEST_P(AppExecutorThreads, CallsTheHookBeforeAThreadLeads) {
  Gate gate, asked, may_lead;
  ExecutorRig rig(GetParam());
  rig.on_loop([&] {
    rig.leads = [&](AppThread&) {
      asked.open();
      may_lead.wait();
    };
  });
  WatchedTask task(rig, [&](AppThread&) { gate.wait(); });
  rig.submit(task);
  ASSERT_TRUE(asked.wait_for(kPatience));
  EXPECT_EQ(task.lates, 0);
  may_lead.open();
  EXPECT_TRUE(task.late.wait_for(kPatience));
  gate.open();
  EXPECT_TRUE(task.returned.wait_for(kPatience));
}

TEST(AppExecutor, HandsOverTheLoopAlsoAfterARest) {
  ExecutorRig rig(1);
  for (int i = 0; i < 5; ++i) {
    // Wait until the spare has gone to sleep.
    EXPECT_TRUE(stays([] { return true; }, milliseconds(20)));
    Gate gate;
    WatchedTask task(rig, [&](AppThread&) { gate.wait(); });
    rig.submit(task);
    EXPECT_TRUE(task.late.wait_for(kPatience));
    gate.open();
    ASSERT_TRUE(task.returned.wait_for(kPatience));
    // Until calls are short again the spare leads, and nobody is watched.
    EXPECT_TRUE(eventually([&] {
      WatchedTask quick(rig);
      rig.submit(quick);
      quick.returned.wait();
      return quick.lates == 0;
    }));
  }
}

TEST_P(AppExecutorThreads, RunsNoMoreAtOnceThanAllowed) {
  const auto threads = static_cast<int>(GetParam());
  ExecutorRig rig(GetParam());
  Gate gate;
  std::atomic<int> inside{0}, most{0};
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  for (int i = 0; i < 3 * threads + 2; ++i) {
    tasks.push_back(std::make_unique<WatchedTask>(rig, [&](AppThread&) {
      const int now_inside = ++inside;
      for (int seen = most; seen < now_inside && !most.compare_exchange_weak(seen, now_inside);) {
      }
      gate.wait();
      --inside;
    }));
    rig.submit(*tasks.back());
  }
  EXPECT_TRUE(eventually([&] { return inside == threads; }));
  // Wait until all of them count as running elsewhere: before that, the last one may still run on
  // the leader.
  EXPECT_TRUE(rig.turns());
  rig.on_loop([&] {
    EXPECT_TRUE(rig.executor().saturated());
    EXPECT_EQ(rig.executor().queued(), 2 * GetParam() + 2);
  });
  EXPECT_EQ(inside, threads);
  gate.open();
  for (auto& task : tasks) task->returned.wait();
  EXPECT_EQ(most, threads);
  rig.on_loop([&] {
    EXPECT_FALSE(rig.executor().saturated());
    EXPECT_EQ(rig.executor().queued(), 0U);
  });
}

TEST_P(AppExecutorThreads, KeepsAThread) {
  ExecutorRig rig(GetParam());
  const auto threads = static_cast<std::uint32_t>(GetParam());
  Gate gate;
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  for (std::uint32_t i = 0; i < threads; ++i) {
    tasks.push_back(std::make_unique<WatchedTask>(rig, [&](AppThread&) { gate.wait(); }));
  }
  rig.on_loop([&] {
    EXPECT_EQ(rig.executor().free_threads(), threads);
    rig.executor().keep_thread(true);
    for (const auto& task : tasks) rig.executor().submit(*task);
    EXPECT_EQ(rig.executor().free_threads(), 0U);
  });
  EXPECT_TRUE(eventually([&] {
    std::uint32_t running = 0;
    rig.on_loop([&] { running = rig.executor().running_elsewhere(); });
    return running == threads - 1;
  }));
  rig.on_loop([&] {
    EXPECT_TRUE(rig.executor().saturated());
    EXPECT_EQ(rig.executor().queued(), 1U);
    rig.executor().keep_thread(false);
  });
  gate.open();
  for (auto& task : tasks) task->returned.wait();
  rig.on_loop([&] { EXPECT_EQ(rig.executor().free_threads(), threads); });
}

TEST_P(AppExecutorThreads, GivesTheLeadershipAwayAtOnceBeforeBlocking) {
  ExecutorRig rig(GetParam());
  AppExecutor& executor = rig.executor();
  for (int i = 0; i < 100; ++i) {
    Gate answered;
    bool leads_after = true;
    WatchedTask task(rig, [&](AppThread&) {
      executor.about_to_block();
      leads_after = executor.leads_inline();
      rig.post([&] { answered.open(); });
      answered.wait();
    });
    rig.submit(task);
    ASSERT_TRUE(task.returned.wait_for(kPatience));
    EXPECT_FALSE(leads_after);
    EXPECT_EQ(task.lates, 1);
  }
}

/// An executor without threads or a real loop, whose queue is never empty.
class AppExecutorThatIsNeverIdle : public ::testing::Test {
 protected:
  struct EndlessTask final : AppTask {
    void run(AppThread&) noexcept override {
      ++calls;
      for (const MonotonicTime end = now() + time; now() < end;) continue;
    }
    void on_returned(Return /*how*/) noexcept override { executor->submit(*this); }
    AppExecutor* executor = nullptr;
    milliseconds time{0};
    int calls = 0;
  };
  /// How often the task is called while this many events are handled, one after the other.
  int calls_during(int events) {
    int handled = 0;
    AppExecutor executor(AppExecutor::Model::kInline, 1,
                         {.turn =
                              [&](AppExecutor::Wait wait) {
                                EXPECT_EQ(wait, AppExecutor::Wait::kMustNot);
                                if (++handled == events) executor.stop(milliseconds(0));
                                return true;
                              },
                          .thread_started = [](AppThread&) { return Result<void>(); },
                          .thread_ending = [](AppThread&) {}});
    EXPECT_TRUE(executor.start().has_value());
    task.executor = &executor;
    executor.submit(task);
    executor.run([] {});
    return task.calls;
  }
  EndlessTask task;
};

TEST_F(AppExecutorThatIsNeverIdle, HandlesAsManyEventsAsItMakesCalls) {
  EXPECT_LE(calls_during(1000), 1100);
}

TEST_F(AppExecutorThatIsNeverIdle, MakesFewCallsBetweenTwoTurnsIfCallsTakeLong) {
  task.time = milliseconds(2);
  EXPECT_LE(calls_during(1), 3);
}

TEST(AppExecutor, KnowsWhetherACallbackRunsOnTheLeader) {
  ExecutorRig rig(1);
  AppExecutor& executor = rig.executor();
  EXPECT_FALSE(executor.leads_inline());
  rig.on_loop([&] { EXPECT_FALSE(executor.leads_inline()); });
  EXPECT_TRUE(eventually([&] {
    bool inline_seen = false;
    WatchedTask task(rig, [&](AppThread&) { inline_seen = executor.leads_inline(); });
    rig.submit(task);
    task.returned.wait();
    return inline_seen;
  }));
  Gate gate;
  bool inline_after_theft = true;
  WatchedTask late(rig, [&](AppThread&) {
    gate.wait();
    inline_after_theft = executor.leads_inline();
  });
  rig.submit(late);
  late.late.wait();
  gate.open();
  late.returned.wait();
  EXPECT_FALSE(inline_after_theft);
}

TEST_P(AppExecutorThreads, GoesStraightToFreeThreadsAfterALateCall) {
  ExecutorRig rig(GetParam());
  Gate gate;
  WatchedTask slow(rig, [&](AppThread&) { gate.wait(); });
  rig.submit(slow);
  slow.late.wait();
  gate.open();
  slow.returned.wait();

  WatchedTask direct(rig);
  rig.submit(direct);
  direct.returned.wait();
  EXPECT_EQ(direct.lates, 1);
  EXPECT_NE(direct.ran_on.load(), rig.leader.load());

  // Calls return to the leader when they are short again.
  EXPECT_TRUE(eventually([&] {
    WatchedTask task(rig);
    rig.submit(task);
    task.returned.wait();
    return task.lates == 0 && task.ran_on.load() == rig.leader.load();
  }));
}

/// What an app keeps in variables of its threads stays valid, however calls block.
TEST_P(AppExecutorThreads, RunTasksOnTheAppThreadsOnly) {
  std::mutex mutex;
  std::set<std::thread::id> used;
  ExecutorRig rig(GetParam());
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<WatchedTask>> tasks;
    for (std::uint32_t i = 0; i < 2 * GetParam() + 1; ++i) {
      tasks.push_back(std::make_unique<WatchedTask>(rig, [&, i](AppThread& thread) {
        EXPECT_EQ(thread.kind, AppThread::Kind::kApp);
        if (i % 3 == 0) Gate().wait_for(milliseconds(4));  // nobody opens this gate
        if (i % 3 == 1) rig.executor().about_to_block();
        const std::lock_guard lock(mutex);
        used.insert(std::this_thread::get_id());
      }));
      rig.submit(*tasks.back());
    }
    for (auto& task : tasks) ASSERT_TRUE(task->returned.wait_for(kPatience));
  }
  EXPECT_LE(used.size(), GetParam());
}

TEST_P(AppExecutorThreads, GiveTheLoopBackToAnAppThreadOnceCallsAreShort) {
  ExecutorRig rig(GetParam());
  Gate gate;
  WatchedTask slow(rig, [&](AppThread&) { gate.wait(); });
  rig.submit(slow);
  slow.late.wait();
  const std::thread::id spare = rig.leader.load();
  gate.open();
  slow.returned.wait();
  EXPECT_TRUE(eventually([&] {
    WatchedTask quick(rig);
    rig.submit(quick);
    quick.returned.wait();
    return quick.lates == 0;
  }));
  EXPECT_NE(rig.leader.load(), spare);
}

TEST(AppExecutor, RunsCallsThatWaitForTheLoop) {
  ExecutorRig rig(1);
  for (int i = 0; i < 20; ++i) {
    Gate answered;
    WatchedTask next(rig, [&](AppThread&) {
      rig.post([&] { answered.open(); });
      EXPECT_TRUE(answered.wait_for(kPatience));
    });
    rig.submit(next);
    ASSERT_TRUE(next.returned.wait_for(kPatience));
    EXPECT_EQ(next.lates, 1);
  }
}

TEST(AppExecutor, LetsTasksSubmitAgainWithoutStarvingTheLoop) {
  ExecutorRig rig(1);
  std::atomic<bool> enough{false};
  WatchedTask task(rig);
  Gate over;
  task.after = [&] {
    if (enough) return over.open();
    rig.executor().submit(task);
  };
  rig.submit(task);
  EXPECT_TRUE(rig.turns());
  EXPECT_TRUE(rig.turns());
  enough = true;
  over.wait();
  rig.stop();  // the last return may still be in progress
  EXPECT_EQ(task.runs, task.returns);
}

TEST(AppExecutor, RunsInlineIfCallbacksNeverBlock) {
  ExecutorRig rig(4, Model::kInline);
  AppExecutor& executor = rig.executor();
  std::thread::id main{};
  rig.on_loop([&] { main = std::this_thread::get_id(); });
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  for (int i = 0; i < 100; ++i) {
    tasks.push_back(std::make_unique<WatchedTask>(rig, [&](AppThread& thread) {
      EXPECT_EQ(thread.index, 0U);
      EXPECT_TRUE(executor.leads_inline());
      executor.about_to_block();  // there is nobody to lead instead
      EXPECT_TRUE(executor.leads_inline());
    }));
    rig.submit(*tasks.back());
  }
  for (auto& task : tasks) {
    task->returned.wait();
    EXPECT_EQ(task->ran_on.load(), main);
    EXPECT_EQ(task->lates, 0);
  }
  rig.stop();
  EXPECT_EQ(rig.threads_started, 1);
  EXPECT_EQ(rig.threads_ended, 1);
}

struct CountingDelivery final : Delivery {
  CountingDelivery(ExecutorRig& of, std::atomic<int>& counter) : rig(of), delivered(counter) {}
  void on_delivered() noexcept override {
    EXPECT_EQ(std::this_thread::get_id(), rig.leader.load());
    ++delivered;
  }
  ExecutorRig& rig;
  std::atomic<int>& delivered;
};

TEST(AppExecutor, TakesDeliveriesFromForeignThreads) {
  constexpr int kThreads = 4, kEach = 500;
  ExecutorRig rig(2);
  std::atomic<int> delivered{0};
  std::vector<std::unique_ptr<CountingDelivery>> deliveries;
  for (int i = 0; i < kThreads * kEach; ++i) {
    deliveries.push_back(std::make_unique<CountingDelivery>(rig, delivered));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        rig.executor().deliver(*deliveries[static_cast<std::size_t>(t * kEach + i)]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(eventually([&] { return delivered == kThreads * kEach; }));
}

}  // namespace
}  // namespace alicorn::test
