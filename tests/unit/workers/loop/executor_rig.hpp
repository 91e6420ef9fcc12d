// An executor on a small loop of its own, and tasks that tests can watch and hold. In tests.
#pragma once

#include "tests/support/eventually.hpp"
#include "workers/loop/executor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace alicorn::test {

/// Makes threads wait until it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }
  /// False: the gate was not opened in time.
  bool wait_for(milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// The executor and its loop, which accepts functions from any thread. The rig provides the
/// executor's main thread.
class ExecutorRig {
 public:
  using Model = AppExecutor::Model;

  explicit ExecutorRig(std::uint32_t threads, Model model = Model::kRelay,
                       milliseconds patience = kPatience)
      : executor_(model, threads, hooks()),
        patience_(patience),
        post_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::promise<void> started;
    auto has_started = started.get_future();
    main_ = std::thread([this, &started] {
      const Result<void> result = executor_.start();
      EXPECT_TRUE(result.has_value());
      started.set_value();
      executor_.run([this] {
        ++times_stuck;
        stuck.open();
        if (on_stuck) on_stuck();
      });
      returned.open();
    });
    has_started.wait();
  }
  ~ExecutorRig() { stop(); }

  AppExecutor& executor() { return executor_; }

  /// Runs the function on the loop, soon.
  void post(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(function));
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(post_fd_.get(), &one, sizeof one), ssize_t{sizeof one});
  }
  /// Runs the function on the loop. Returns when it has run.
  template <class Function>
  void on_loop(Function function) {
    Gate done;
    post([&] {
      function();
      done.open();
    });
    done.wait();
  }
  /// True if the loop still runs.
  bool turns() {
    const auto done = std::make_shared<Gate>();
    post([done] { done->open(); });
    return done->wait_for(kPatience);
  }
  void submit(AppTask& task) {
    post([this, &task] { executor_.submit(task); });
  }
  /// Asks the executor to stop and waits until run() has returned.
  void stop() {
    if (!main_.joinable()) return;
    ask_to_stop();
    main_.join();
  }
  void ask_to_stop() {
    post([this] { executor_.stop(patience_); });
  }

  /// Runs on a thread that is about to lead. Set this on the loop.
  std::function<void(AppThread&)> leads;
  std::function<void()> on_stuck;
  Gate stuck;     ///< on_stuck was called
  Gate returned;  ///< run() has returned
  std::atomic<int> threads_started{0}, threads_ended{0}, times_stuck{0};
  std::atomic<bool> main_has_ended{false};
  /// The leader.
  std::atomic<std::thread::id> leader{};

 private:
  AppExecutor::Hooks hooks() {
    return {.turn = [this](AppExecutor::Wait wait) { return turn(wait); },
            .thread_started = [this](AppThread&) -> Result<void> {
              ++threads_started;
              return {};
            },
            .thread_ending =
                [this](AppThread& thread) {
                  ++threads_ended;
                  if (thread.index == 0) main_has_ended = true;
                },
            .leads =
                [this](AppThread& thread) {
                  if (leads) leads(thread);
                  leader = std::this_thread::get_id();
                }};
  }

  bool turn(AppExecutor::Wait wait) {
    pollfd fds[] = {{executor_.delivery_fd(), POLLIN, 0}, {post_fd_.get(), POLLIN, 0}};
    ::poll(fds, 2, wait == AppExecutor::Wait::kMay ? -1 : 0);
    if (fds[0].revents != 0) executor_.drain_deliveries();
    if (fds[1].revents == 0) return fds[0].revents != 0;
    std::vector<std::function<void()>> posted;
    {
      const std::lock_guard lock(mutex_);
      std::uint64_t count = 0;
      EXPECT_EQ(::read(post_fd_.get(), &count, sizeof count), ssize_t{sizeof count});
      posted.swap(posted_);
    }
    for (const auto& function : posted) function();
    return true;
  }

  AppExecutor executor_;
  const milliseconds patience_;
  UniqueFd post_fd_;
  std::thread main_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

/// A task that runs the given body and reports what happened to it.
class WatchedTask : public AppTask {
 public:
  explicit WatchedTask(ExecutorRig& rig, std::function<void(AppThread&)> body = {})
      : rig_(rig), body_(std::move(body)) {}

  void run(AppThread& thread) noexcept override {
    ran_on = std::this_thread::get_id();
    began.open();
    if (body_) body_(thread);
    ++runs;
    ended.open();
  }
  void on_returned(Return /*how*/) noexcept override {
    EXPECT_EQ(std::this_thread::get_id(), rig_.leader.load());
    ++returns;
    if (after) after();
    returned.open();
  }
  void on_late() noexcept override {
    ++lates;
    late.open();
  }

  Gate began, ended, late, returned;
  std::atomic<int> runs{0}, returns{0}, lates{0};
  std::atomic<std::thread::id> ran_on{};
  std::function<void()> after;  ///< runs within on_returned()

 private:
  ExecutorRig& rig_;
  std::function<void(AppThread&)> body_;
};

}  // namespace alicorn::test
