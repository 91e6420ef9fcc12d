// Runs the app's callbacks between two turns of the I/O loop. Worker.
//
// Exactly one thread at a time, the *leader*, touches the event loop and the connections. There are
// `threads` *app threads*, which run callbacks, and one more thread, the *spare*, which never does.
//
// While calls are short an app thread leads and calls the app itself: a call costs a function call,
// and no second thread sees the request. The spare watches. If a call still runs one to three
// milliseconds after it began, the spare takes the leadership with one compare-and-swap and
// continues the loop; the late thread delivers its result through a list and an eventfd. As long as
// calls take long the spare leads and gives each call to an app thread, as any pool does. So a call
// that blocks holds up nobody's I/O. (docs/architecture.md)
#pragma once

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "workers/loop/deliveries.hpp"
#include "workers/loop/late_calls.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class AppThread;

/// One callback of the app. Intrusive: queueing it allocates nothing.
class AppTask : private Delivery {
 public:
  /// Called on an app thread, at thread.began. Must touch nothing that belongs to the I/O thread.
  virtual void run(AppThread& thread) noexcept = 0;
  enum class Return {
    kAtOnce,     ///< this thread has just left run()
    kDelivered,  ///< run() has returned on another thread, and other deliveries may have come since
  };
  /// Called on the I/O thread after run() has returned. May submit the task again, or destroy it.
  virtual void on_returned(Return how) noexcept = 0;
  /// Called on the I/O thread: run() continues on another thread and may take long.
  virtual void on_late() noexcept {}
  /// While it waits for a thread: since when, in µs, if it is a request that the app has not seen.
  /// 0: it is something else.
  virtual std::uint64_t waits_since_us() const noexcept { return 0; }

 private:
  friend class AppExecutor;
  friend class AppTaskQueue;
  void on_delivered() noexcept final;
  AppTask* next_task_ = nullptr;
  class AppExecutor* executor_ = nullptr;
  bool was_long_ = false;
};

/// The calls that wait for a thread, in the order in which they came.
class AppTaskQueue {
 public:
  AppTask* first() const { return first_; }
  static AppTask* next(const AppTask& task) { return task.next_task_; }
  bool empty() const { return first_ == nullptr; }
  std::uint32_t size() const { return size_; }
  void push(AppTask& task) {
    task.next_task_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_task_) = &task;
    last_ = &task;
    ++size_;
  }
  /// Before all requests that came later.
  void insert_by_age(AppTask& task);
  AppTask& take() {
    AppTask& task = *first_;
    first_ = task.next_task_;
    --size_;
    return task;
  }
  /// False: it is not there.
  bool remove(AppTask& task);

 private:
  AppTask* first_ = nullptr;
  AppTask* last_ = nullptr;
  std::uint32_t size_ = 0;
};

/// One thread of the executor.
class AppThread {
 public:
  enum class Kind { kApp, kSpare };

  AppThread(class AppExecutor& executor, Kind of, std::uint32_t number)
      : kind(of), index(number), executor_(executor) {}

  const Kind kind;
  const std::uint32_t index;  ///< 0 is the process's main thread; the spare comes last
  void* app_state = nullptr;  ///< from the app's thread_init
  pid_t tid = 0;
  MonotonicTime began{};  ///< when the call that it runs began

 private:
  friend class AppExecutor;
  enum class Duty { kNone, kCall, kLead };

  AppExecutor& executor_;
  std::atomic<std::uint32_t> bell_{0};  ///< futex: changed to wake this thread
  // Under AppExecutor::mutex_:
  Duty duty_ = Duty::kNone;
  AppTask* call_ = nullptr;  ///< that of Duty::kCall
  // Used by this thread only:
  std::uint64_t running_ = 0;    ///< state word of the call that it runs as leader; 0: none
  AppTask* finished_ = nullptr;  ///< returned while another thread leads; to be delivered
};

class AppExecutor {
 public:
  enum class Wait { kMay, kMustNot };
  struct Hooks {
    /// Runs one turn of the loop on the leader: handles one event, and waits for it if it may.
    /// False: there was nothing to handle.
    std::function<bool(Wait)> turn;
    /// Runs on each thread as it starts, before any callback. An error aborts the worker's boot.
    std::function<Result<void>(AppThread&)> thread_started;
    std::function<void(AppThread&)> thread_ending;
    /// Runs on a thread that has become the leader, before it touches anything of the loop. Need
    /// not return.
    std::function<void(AppThread&)> leads = [](AppThread&) {};
    /// The time at which a call begins on the leader. Need not be exact.
    std::function<MonotonicTime()> time = now;
    /// Runs on the leader: a call runs on another thread now, or has come back from one.
    std::function<void()> load_changed = [] {};
    /// Runs on the leader between two turns, again and again as long as calls wait because the
    /// executor is saturated, and once more when none waits.
    std::function<void()> calls_wait = [] {};
  };
  enum class Model {
    kRelay,   ///< callbacks may block
    kInline,  ///< callbacks never block: one app thread and no spare
  };

  AppExecutor(Model model, std::uint32_t threads, Hooks hooks);
  /// Waits for its threads, even for one that is stuck in the app. A caller that cannot wait must
  /// leave the process by _exit instead.
  ~AppExecutor();
  AppExecutor(const AppExecutor&) = delete;
  AppExecutor& operator=(const AppExecutor&) = delete;

  /// Main thread: makes the eventfd, starts the threads, and waits until all are ready.
  Result<void> start();
  /// Readable when drain_deliveries() is due.
  int delivery_fd() const { return deliveries_.fd(); }
  /// Main thread: leads or stands by until stop(). Then ends the other threads, waiting for those
  /// that are inside the app, and returns when all have ended. If one does not return from the app
  /// in time, `on_stuck` runs once instead, on the main thread or on the leader. It must end the
  /// process, because the app's data is still in use.
  void run(const std::function<void()>& on_stuck);

  // I/O thread only:
  void submit(AppTask& task) {
    task.executor_ = this;
    queue_.push(task);
  }
  /// The same for a request that has waited elsewhere: it runs before those that came later.
  void submit_by_age(AppTask& task) {
    task.executor_ = this;
    queue_.insert_by_age(task);
  }
  /// The calls that wait for a thread.
  const AppTaskQueue& queue() const { return queue_; }
  /// False: the call does not wait.
  bool withdraw(AppTask& task) { return queue_.remove(task); }
  void drain_deliveries() { deliveries_.drain(); }
  /// `patience` limits the wait of run() for threads that are inside the app.
  void stop(milliseconds patience) {
    patience_ = patience;
    stopped_ = true;
  }
  /// Keeps one app thread free for a call that is about to come, or no longer.
  void keep_thread(bool is_kept) { usable_threads_ = app_threads_ - (is_kept ? 1 : 0); }
  /// True if every app thread runs a callback, or is kept. New tasks have to wait.
  bool saturated() const { return out_ >= usable_threads_; }
  std::uint32_t queued() const { return queue_.size(); }  ///< calls that wait for a thread
  std::uint32_t running_elsewhere() const { return out_; }
  std::uint32_t threads_allowed() const { return app_threads_; }
  /// App threads that neither run a call, nor are kept, nor are about to get one that waits.
  std::uint32_t free_threads() const {
    const std::uint32_t taken = out_ + queue_.size();
    return usable_threads_ - std::min(usable_threads_, taken);
  }
  std::uint64_t returned() const { return returned_; }  ///< number of calls that have returned

  // Any thread:
  void deliver(Delivery& delivery) { deliveries_.send(delivery); }
  /// True if this thread is the leader and inside a callback. What concerns that callback's own
  /// call need not be delivered then: the leader looks at it when the callback returns or becomes
  /// late.
  bool leads_inline() const;
  /// Called inside a callback that is about to block. Gives the leadership to the spare at once if
  /// this thread has it.
  void about_to_block();

 private:
  friend class AppTask;
  static constexpr std::uint64_t kIdle = 0, kRunning = 1, kStolen = 2, kStateMask = 3;

  enum class End { kLeadershipLost, kStopped };
  enum class Wake { kToLead, kToEnd };

  static std::uint64_t sequence_of(std::uint64_t state) { return state & ~kStateMask; }
  static void adopt_this_thread(AppThread& thread);
  void release_this_thread();
  static void ring(AppThread& thread);
  AppThread& spare() { return *threads_.back(); }

  // executor.cpp: the leader
  End lead(AppThread& thread);
  // False: another thread leads now.
  bool run_queued(AppThread& thread);
  bool run_next(AppThread& thread);
  bool run_here(AppThread& thread, AppTask& task);
  bool may_run() const { return !queue_.empty() && !saturated() && !stopped_; }
  void look_at_queue();
  void took_leadership(AppThread& thread);
  void pass_leadership(AppThread& thread) ALICORN_EXCLUDES(mutex_);
  void count_out(AppTask& task);
  void run_beside_the_loop(AppThread& thread, AppTask& task);
  void task_returned(AppTask& task);
  // executor_threads.cpp: the other threads
  void thread_main(AppThread& thread);
  void work(AppThread& thread);
  Wake await_duty(AppThread& thread) ALICORN_EXCLUDES(mutex_);
  bool look_at_leader(std::uint32_t bell) ALICORN_REQUIRES(mutex_);
  void wake_spare();
  void become_free(AppThread& thread) ALICORN_EXCLUDES(mutex_);
  AppThread* take_free_thread() ALICORN_EXCLUDES(mutex_);
  void end_threads(AppThread& leader) ALICORN_EXCLUDES(mutex_);
  void give_up() ALICORN_REQUIRES(mutex_);

  const Model model_;
  const std::uint32_t app_threads_;
  const Hooks hooks_;
  Deliveries deliveries_;

  // Used by the leader. Handed over with the leadership (acquire-release on state_, or mutex_).
  AppTaskQueue queue_;
  AppTask* current_ = nullptr;  ///< runs on the leader
  bool is_in_turn_ = false;     ///< of the loop
  std::uint64_t sequence_ = 0;
  std::uint32_t out_ = 0;  ///< callbacks on threads other than the leader
  std::uint32_t usable_threads_;
  std::uint64_t returned_ = 0;
  CallPace pace_;
  bool has_told_of_queue_ = false;  ///< the last calls_wait said that calls wait
  bool stopped_ = false;

  std::atomic<std::uint64_t> state_{kIdle};  ///< sequence_ << 2 | kIdle, kRunning or kStolen
  std::atomic<bool> spare_sleeps_{false};    ///< must be woken when a call starts
  LateCallJudge judge_;                      ///< the spare's

  Mutex mutex_;
  /// App threads that neither lead nor run a call. The last one was in use most recently.
  std::vector<AppThread*> free_ ALICORN_GUARDED_BY(mutex_);
  bool gave_up_ ALICORN_GUARDED_BY(mutex_) = false;  ///< on_stuck has been called
  bool ending_ ALICORN_GUARDED_BY(mutex_) = false;
  /// Threads besides the main one.
  std::uint32_t started_ ALICORN_GUARDED_BY(mutex_) = 0;
  std::uint32_t ended_ ALICORN_GUARDED_BY(mutex_) = 0;  ///< of those
  /// The main thread has left the app and the loop.
  bool main_is_back_ ALICORN_GUARDED_BY(mutex_) = false;
  std::vector<Error> start_errors_ ALICORN_GUARDED_BY(mutex_);
  Condition changed_;  ///< of what the start and the end wait for

  milliseconds patience_{0};
  std::function<void()> on_stuck_;
  std::vector<std::unique_ptr<AppThread>> threads_;  ///< the spare, if there is one, is the last
  std::vector<std::thread> handles_;
};

}  // namespace alicorn
