// Runs the app's callbacks between two turns of the I/O loop. Worker.
//
// Exactly one thread at a time, the *leader*, touches the event loop and the connections. The
// leader calls the app itself. If a call still runs two to three milliseconds later, a standby
// thread takes the leadership with one compare-and-swap and continues the loop. The late thread
// delivers its result through a list and an eventfd. So a short call costs a function call, and a
// blocking call holds up nobody's I/O. There are threads + 1 threads: while `threads` calls run
// elsewhere, the leader starts no further call. (docs/architecture.md)
#pragma once

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class AppThread;

/// A message to the I/O thread. Queued at most once at a time. The node must live until
/// on_delivered().
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual void on_delivered() noexcept = 0;  ///< on the I/O thread

 private:
  friend class AppExecutor;
  Delivery* next_delivery_ = nullptr;
};

/// One callback of the app. Intrusive: queueing it allocates nothing.
class AppTask : private Delivery {
 public:
  /// Called on an app thread. Must touch nothing that belongs to the I/O thread.
  virtual void run(AppThread& thread) noexcept = 0;
  enum class Return {
    kAtOnce,     ///< this thread has just left run()
    kDelivered,  ///< run() has returned on another thread, and other deliveries may have come since
  };
  /// Called on the I/O thread after run() has returned. May submit the task again, or destroy it.
  virtual void on_returned(Return how) noexcept = 0;
  /// Called on the I/O thread: run() continues on another thread and may take long.
  virtual void on_late() noexcept {}

 private:
  friend class AppExecutor;
  void on_delivered() noexcept final;
  AppTask* next_task_ = nullptr;
  class AppExecutor* executor_ = nullptr;
  bool was_long_ = false;
};

/// One thread that runs app callbacks, and the loop while it leads.
class AppThread {
 public:
  std::uint32_t index = 0;    ///< 0 is the process's main thread
  void* app_state = nullptr;  ///< from the app's thread_init
  pid_t tid = 0;

 private:
  friend class AppExecutor;
  std::atomic<std::uint32_t> bell_{0};  ///< futex: changed to wake this thread
  // Under AppExecutor::mutex_:
  AppTask* direct_ = nullptr;  ///< task to run at once
  bool leads_ = false;         ///< has received the leadership
  // Used by this thread only:
  class AppExecutor* executor_ = nullptr;
  std::uint64_t running_ = 0;    ///< state word of the call that it runs as leader; 0: none
  AppTask* finished_ = nullptr;  ///< returned after the leadership was lost; to be delivered
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
    /// Runs on the leader: a call runs on another thread now, or has come back from one.
    std::function<void()> load_changed = [] {};
  };
  enum class Model {
    kRelay,   ///< callbacks may block
    kInline,  ///< callbacks never block: one thread and no monitor
  };

  AppExecutor(Model model, std::uint32_t threads, Hooks hooks);
  /// Waits for its threads, even for one that is stuck in the app. A caller that cannot wait must
  /// leave the process by _exit instead.
  ~AppExecutor();
  AppExecutor(const AppExecutor&) = delete;
  AppExecutor& operator=(const AppExecutor&) = delete;

  /// Main thread: makes the eventfd, starts the threads, and waits until all are ready.
  Result<void> start();
  int delivery_fd() const {
    return delivery_fd_.get();
  }  ///< readable when drain_deliveries() is due
  /// Main thread: leads or stands by until stop(). Then ends the other threads, waiting for those
  /// that are inside the app, and returns when all have ended. If one does not return from the app
  /// in time, `on_stuck` runs once instead, on the main thread or on the leader. It must end the
  /// process, because the app's data is still in use.
  void run(const std::function<void()>& on_stuck);

  // I/O thread only:
  void submit(AppTask& task);
  void drain_deliveries();
  /// `patience` limits the wait of run() for threads that are inside the app.
  void stop(milliseconds patience) {
    patience_ = patience;
    stopped_ = true;
  }
  /// True if every thread that may run a callback is running one. New tasks have to wait.
  bool saturated() const { return out_ >= threads_allowed_; }
  std::uint32_t queued() const { return queued_; }  ///< calls that wait for a thread
  std::uint32_t running_elsewhere() const { return out_; }
  std::uint32_t threads_allowed() const { return threads_allowed_; }
  std::uint64_t returned() const { return returned_; }  ///< number of calls that have returned

  // Any thread:
  void deliver(Delivery& delivery);
  /// True if this thread is the leader and inside a callback. What concerns that callback's own
  /// call need not be delivered then: the leader looks at it when the callback returns or becomes
  /// late.
  bool leads_inline() const;
  /// Called inside a callback that is about to block. Gives the leadership away at once if this
  /// thread has it.
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

  // executor.cpp: the leader
  End lead(AppThread& thread);
  // False: another thread leads now.
  bool run_queued(AppThread& thread);
  bool run_here(AppThread& thread, AppTask& task);
  AppTask& take_queued();
  bool may_run() const { return first_ready_ != nullptr && out_ < threads_allowed_ && !stopped_; }
  void took_leadership(AppThread& thread);
  bool give_to_free_thread(AppTask& task);
  void run_direct(AppThread& thread, AppTask& task);
  void task_returned(AppTask& task);
  // executor_standby.cpp: the other threads
  void thread_main(AppThread& thread);
  void work(AppThread& thread);
  Wake stand_by(AppThread& thread) ALICORN_EXCLUDES(mutex_);
  void watch(AppThread& thread) ALICORN_REQUIRES(mutex_);
  void wake_monitor();
  void enter_standby(AppThread& thread) ALICORN_REQUIRES(mutex_);
  void return_to_standby(AppThread& thread) ALICORN_EXCLUDES(mutex_);
  AppThread& take_from_standby(AppThread* wanted) ALICORN_REQUIRES(mutex_);
  void end_threads(AppThread& leader) ALICORN_EXCLUDES(mutex_);
  void give_up() ALICORN_REQUIRES(mutex_);

  const Model model_;
  const std::uint32_t threads_allowed_;
  const Hooks hooks_;
  UniqueFd delivery_fd_;

  // Used by the leader. Handed over with the leadership (acquire-release on state_, or mutex_).
  AppTask* first_ready_ = nullptr;
  AppTask* last_ready_ = nullptr;
  AppTask* current_ = nullptr;  ///< runs on the leader
  bool is_in_turn_ = false;     ///< of the loop
  std::uint64_t sequence_ = 0;
  std::uint32_t queued_ = 0;  ///< length of the list that starts at first_ready_
  std::uint32_t out_ = 0;     ///< callbacks on threads other than the leader
  std::uint64_t returned_ = 0;
  std::uint32_t direct_calls_ =
      0;  ///< so many next calls go straight to a free thread: calls were slow lately
  bool stopped_ = false;

  std::atomic<std::uint64_t> state_{kIdle};  ///< sequence_ << 2 | kIdle, kRunning or kStolen
  std::atomic<std::uint32_t> monitor_asleep_{0};
  std::atomic<AppThread*> sleeping_monitor_{nullptr};

  Mutex mutex_;
  std::vector<AppThread*> standby_ ALICORN_GUARDED_BY(mutex_);
  AppThread* monitor_ ALICORN_GUARDED_BY(mutex_) = nullptr;
  bool gave_up_ ALICORN_GUARDED_BY(mutex_) = false;  ///< on_stuck has been called
  bool ending_ ALICORN_GUARDED_BY(mutex_) = false;
  /// Threads besides the main one.
  std::uint32_t started_ ALICORN_GUARDED_BY(mutex_) = 0;
  std::uint32_t ended_ ALICORN_GUARDED_BY(mutex_) = 0;  ///< of those
  /// The main thread has left the app and the loop.
  bool main_is_back_ ALICORN_GUARDED_BY(mutex_) = false;
  std::vector<Error> start_errors_ ALICORN_GUARDED_BY(mutex_);
  Condition changed_;  ///< the five above

  Mutex delivery_mutex_;
  Delivery* first_delivery_ ALICORN_GUARDED_BY(delivery_mutex_) = nullptr;
  Delivery* last_delivery_ ALICORN_GUARDED_BY(delivery_mutex_) = nullptr;

  milliseconds patience_{0};
  std::function<void()> on_stuck_;
  std::vector<std::unique_ptr<AppThread>> threads_;
  std::vector<std::thread> handles_;
};

}  // namespace alicorn
