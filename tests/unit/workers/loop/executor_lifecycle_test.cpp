// How the executor's threads begin and end, and how they behave under a mixed load.
#include "tests/unit/workers/loop/executor_rig.hpp"
#include "workers/loop/executor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <set>

namespace alicorn::test {
namespace {

class AppExecutorEnd : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Relay, AppExecutorEnd, ::testing::Values(1, 2, 4));

TEST_P(AppExecutorEnd, EndsIdleThreadsAtOnce) {
  const int count = static_cast<int>(GetParam()) + 1;
  ExecutorRig rig(GetParam());
  EXPECT_EQ(rig.threads_started, count);
  rig.stop();
  EXPECT_EQ(rig.threads_ended, count);
}

TEST_P(AppExecutorEnd, WaitsForAThreadThatReturns) {
  ExecutorRig rig(GetParam());
  Gate gate;
  WatchedTask task(rig, [&](AppThread&) { gate.wait(); });
  rig.submit(task);
  task.late.wait();
  rig.ask_to_stop();
  gate.open();
  rig.stop();
  EXPECT_EQ(task.runs, 1);
  EXPECT_EQ(rig.threads_ended, static_cast<int>(GetParam()) + 1);
}

/// Blocks a thread that is, or is not, the executor's main thread.
class AppExecutorStuck : public ::testing::Test {
 protected:
  void block(bool main) {
    do {
      tasks.push_back(std::make_unique<WatchedTask>(rig, [this, main](AppThread& thread) {
        if ((thread.index == 0) != main) {
          // The next task must find the other thread.
          rig.executor().about_to_block();
          is_elsewhere = true;
          is_blocked.wait();
          return;
        }
        is_blocked.open();
        gate.wait();
      }));
      is_elsewhere = false;
      rig.submit(*tasks.back());
      EXPECT_TRUE(eventually([&] { return is_elsewhere || is_blocked.wait_for(milliseconds(1)); }));
    } while (!is_blocked.wait_for(milliseconds(1)));
    EXPECT_TRUE(tasks.back()->late.wait_for(kPatience));
    for (std::size_t i = 0; i + 1 < tasks.size(); ++i) tasks[i]->returned.wait();
  }

  std::atomic<bool> is_elsewhere{false};
  std::vector<std::unique_ptr<WatchedTask>> tasks;
  Gate gate, is_blocked;
  ExecutorRig rig{2, AppExecutor::Model::kRelay, milliseconds(50)};
};

TEST_F(AppExecutorStuck, ReportsAnotherThreadThatDoesNotReturn) {
  block(false);
  rig.ask_to_stop();
  EXPECT_TRUE(rig.stuck.wait_for(kPatience));
  EXPECT_EQ(tasks.back()->runs, 0);
  EXPECT_FALSE(rig.main_has_ended) << "what ends with it is in use";
  gate.open();
  rig.stop();
  EXPECT_EQ(rig.times_stuck, 1);
}

TEST_F(AppExecutorStuck, ReportsAMainThreadThatDoesNotReturn) {
  block(true);
  rig.ask_to_stop();
  rig.stuck.wait();
  EXPECT_EQ(tasks.back()->runs, 0);
  gate.open();
  rig.stop();
  EXPECT_EQ(rig.times_stuck, 1);
}

TEST_F(AppExecutorStuck, HoldsAMainThreadThatReturnsTooLate) {
  rig.on_stuck = [this] {
    gate.open();
    EXPECT_TRUE(tasks.back()->ended.wait_for(kPatience));
    EXPECT_FALSE(rig.returned.wait_for(milliseconds(200))) << "the process is being ended";
  };
  block(true);
  rig.ask_to_stop();
  rig.stop();
  EXPECT_EQ(rig.times_stuck, 1);
}

AppExecutor::Hooks hooks_that_fail_on(std::uint32_t index, std::atomic<int>& ended) {
  return {.turn = [](AppExecutor::Wait) { return false; },
          .thread_started = [index](AppThread& thread) -> Result<void> {
            if (thread.index == index) return fail("thread_init says no");
            return {};
          },
          .thread_ending = [&ended](AppThread&) { ++ended; }};
}

TEST(AppExecutorStart, FailsIfAThreadFails) {
  for (const std::uint32_t index : {0U, 1U, 4U}) {
    std::atomic<int> ended{0};
    {
      AppExecutor executor(AppExecutor::Model::kRelay, 4, hooks_that_fail_on(index, ended));
      const Result<void> started = executor.start();
      ASSERT_FALSE(started.has_value());
      EXPECT_EQ(started.error().text(), "thread_init says no");
    }
    // The other threads have left the executor before it is destroyed.
    EXPECT_EQ(ended, index == 0 ? 0 : 3);
  }
}

TEST(AppExecutorStart, FailsInTheInlineModelToo) {
  std::atomic<int> ended{0};
  AppExecutor executor(AppExecutor::Model::kInline, 4, hooks_that_fail_on(0, ended));
  EXPECT_FALSE(executor.start().has_value());
}

TEST(AppExecutorStart, NumbersItsThreads) {
  std::mutex mutex;
  std::set<std::uint32_t> indices, spares;
  std::set<pid_t> tids;
  AppExecutor executor(AppExecutor::Model::kRelay, 4,
                       {.turn = [](AppExecutor::Wait) { return false; },
                        .thread_started = [&](AppThread& thread) -> Result<void> {
                          const std::lock_guard lock(mutex);
                          indices.insert(thread.index);
                          if (thread.kind == AppThread::Kind::kSpare) spares.insert(thread.index);
                          tids.insert(thread.tid);
                          return {};
                        },
                        .thread_ending = [](AppThread&) {}});
  ASSERT_TRUE(executor.start().has_value());
  EXPECT_EQ(indices, (std::set<std::uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(tids.size(), 5U);
  EXPECT_EQ(spares, (std::set<std::uint32_t>{4}));
}

/// The next executor's threads may be allocated where the first one's were, so that this thread
/// would look like one of them. If they are not, a sanitizer reports the use after free.
TEST(AppExecutorStart, ForgetsAnEarlierExecutorOfTheSameThread) {
  for (const std::uint32_t failing : {0U, 9U}) {
    std::atomic<int> ended{0};
    AppExecutor* to_stop = nullptr;
    AppExecutor::Hooks hooks = hooks_that_fail_on(failing, ended);
    hooks.turn = [&](AppExecutor::Wait) {
      to_stop->stop(milliseconds(0));
      return true;
    };
    {
      AppExecutor first(AppExecutor::Model::kInline, 1, std::move(hooks));
      to_stop = &first;
      if (first.start()) first.run([] {});
    }
    ExecutorRig rig(1, AppExecutor::Model::kInline);
    Gate gate;
    WatchedTask task(rig, [&](AppThread&) { gate.wait(); });
    rig.submit(task);
    task.began.wait();
    EXPECT_FALSE(rig.executor().leads_inline());
    gate.open();
    rig.stop();
  }
}

/// Each run does one of the things that apps do.
class RestlessTask final : public AppTask {
 public:
  RestlessTask(ExecutorRig& rig, std::uint32_t seed, std::atomic<int>& inside,
               std::atomic<int>& most)
      : rig_(rig), random_(seed), inside_(inside), most_(most) {}

  void run(AppThread& thread) noexcept override {
    EXPECT_EQ(thread.kind, AppThread::Kind::kApp);
    const int now_inside = ++inside_;
    for (int seen = most_; seen < now_inside && !most_.compare_exchange_weak(seen, now_inside);) {
    }
    switch (random_() % 16) {
      case 0:
        rig_.executor().about_to_block();
        [[fallthrough]];
      case 1:
        Gate().wait_for(milliseconds(random_() % 6));  // nobody opens this gate
        break;
      case 2:
        rig_.executor().about_to_block();
        break;
      default:
        break;
    }
    ++plain_count;  // needs no lock: runs of one task never overlap
    --inside_;
  }
  void on_returned(Return /*how*/) noexcept override {
    EXPECT_EQ(std::this_thread::get_id(), rig_.leader.load());
    if (++returns < kRuns) {
      rig_.executor().submit(*this);
    } else {
      over.open();
    }
  }
  static constexpr int kRuns = 60;
  int plain_count = 0;
  int returns = 0;
  Gate over;

 private:
  ExecutorRig& rig_;
  std::minstd_rand random_;
  std::atomic<int>&inside_, &most_;
};

TEST_P(AppExecutorEnd, SurvivesAMixOfShortAndBlockingTasks) {
  ExecutorRig rig(GetParam());
  std::atomic<int> inside{0}, most{0};
  std::vector<std::unique_ptr<RestlessTask>> tasks;
  for (std::uint32_t i = 0; i < 3 * GetParam() + 5; ++i) {
    tasks.push_back(std::make_unique<RestlessTask>(rig, i + 1, inside, most));
  }
  for (auto& task : tasks) rig.post([&rig, &task] { rig.executor().submit(*task); });
  for (auto& task : tasks) ASSERT_TRUE(task->over.wait_for(kPatience));
  rig.stop();
  for (auto& task : tasks) EXPECT_EQ(task->plain_count, RestlessTask::kRuns);
  EXPECT_LE(most, static_cast<int>(GetParam()));
}

}  // namespace
}  // namespace alicorn::test
