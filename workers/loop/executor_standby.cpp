// The executor's threads that do not lead: the monitor and the other standbys, and how threads
// begin and end.
#include "base/clock.hpp"
#include "base/shortage.hpp"
#include "workers/loop/executor.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// The monitor looks at this interval while calls run. A call that is unchanged in two further
/// looks is late.
constexpr long kTickNs = 1'000'000;
constexpr int kTicksUntilLate = 2;
/// After this many ticks without a call the monitor sleeps until a call starts.
constexpr int kQuietTicks = 3;

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t value, const timespec* timeout) {
  // Callers must expect spurious returns.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, timeout, nullptr, 0);
}

}  // namespace

void AppExecutor::ring(AppThread& thread) {
  thread.bell_.fetch_add(1, std::memory_order_seq_cst);
  ::syscall(SYS_futex, &thread.bell_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

Result<void> AppExecutor::start() {
  auto delivery_fd = adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  if (!delivery_fd) return tl::unexpected(delivery_fd.error());
  delivery_fd_ = std::move(*delivery_fd);
  adopt_this_thread(*threads_.front());
  if (auto started = hooks_.thread_started(*threads_.front()); !started) return started;
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    try {
      handles_.emplace_back([this, i] { thread_main(*threads_[i]); });
    } catch (const std::system_error& error) {
      return fail_task(TaskKind::kThread, error.code().value(), "start application thread",
                       std::to_string(i));
    }
  }
  Lock lock(mutex_);
  while (started_ + start_errors_.size() != handles_.size()) changed_.wait(lock);
  if (!start_errors_.empty()) return tl::unexpected(start_errors_.front());
  return {};
}

void AppExecutor::thread_main(AppThread& thread) {
  adopt_this_thread(thread);
  ::pthread_setname_np(::pthread_self(), ("app-" + std::to_string(thread.index)).c_str());
  auto started = hooks_.thread_started(thread);
  {
    const Lock lock(mutex_);
    if (!started) {
      start_errors_.push_back(started.error());
      ++ended_;
      changed_.notify_all();
      return;
    }
    ++started_;
    enter_standby(thread);
    changed_.notify_all();
  }
  work(thread);
  hooks_.thread_ending(thread);
  const Lock lock(mutex_);
  ++ended_;
  changed_.notify_all();
}

void AppExecutor::run(const std::function<void()>& on_stuck) {
  on_stuck_ = on_stuck;
  AppThread& main_thread = *threads_.front();
  hooks_.leads(main_thread);
  if (lead(main_thread) == End::kStopped) {
    end_threads(main_thread);
  } else {
    return_to_standby(main_thread);
    work(main_thread);
  }
  {
    Lock lock(mutex_);
    main_is_back_ = true;
    changed_.notify_all();
    const MonotonicTime end = now() + patience_;
    while (!gave_up_ && ended_ != handles_.size() && changed_.wait_until(lock, end)) {
    }
    if (!gave_up_ && ended_ != handles_.size()) give_up();
    // Otherwise this thread, too late itself, would go on while the leader ends the process.
    while (ended_ != handles_.size()) changed_.wait(lock);
  }
  hooks_.thread_ending(main_thread);
  release_this_thread();
}

/// From the first standby to the end of the thread's work.
void AppExecutor::work(AppThread& thread) {
  while (stand_by(thread) == Wake::kToLead) {
    took_leadership(thread);
    if (lead(thread) == End::kStopped) {
      end_threads(thread);
      return;
    }
    return_to_standby(thread);
  }
}

AppExecutor::Wake AppExecutor::stand_by(AppThread& thread) {
  Lock lock(mutex_);
  for (;;) {
    if (std::exchange(thread.leads_, false)) return Wake::kToLead;
    if (AppTask* task = std::exchange(thread.direct_, nullptr); task != nullptr) {
      lock.unlock();
      run_direct(thread, *task);
      return_to_standby(thread);
      lock.lock();
    } else if (ending_) {
      return Wake::kToEnd;
    } else if (monitor_ == &thread) {
      watch(thread);
    } else {
      const std::uint32_t bell = thread.bell_.load(std::memory_order_seq_cst);
      lock.unlock();
      futex_wait(thread.bell_, bell, nullptr);
      lock.lock();
    }
  }
}

/// Runs on the monitor until the thread gets another duty or has taken the leadership.
void AppExecutor::watch(AppThread& thread) {
  const timespec tick{0, kTickNs};
  std::uint64_t seen = 0;
  int ticks_same = 0;
  while (!ending_ && thread.direct_ == nullptr && !thread.leads_) {
    std::uint64_t state = state_.load(std::memory_order_acquire);
    ticks_same = state == seen ? ticks_same + 1 : 0;
    seen = state;
    const bool runs = (state & kStateMask) == kRunning;
    if (runs && ticks_same >= kTicksUntilLate &&
        state_.compare_exchange_strong(state, sequence_of(state) | kStolen,
                                       std::memory_order_acq_rel)) {
      take_from_standby(&thread);
      thread.leads_ = true;
      return;
    }
    const std::uint32_t bell = thread.bell_.load(std::memory_order_seq_cst);
    const bool sleeps = !runs && ticks_same >= kQuietTicks;
    if (sleeps) {
      sleeping_monitor_.store(&thread, std::memory_order_seq_cst);
      monitor_asleep_.store(1, std::memory_order_seq_cst);
      const std::uint64_t again = state_.load(std::memory_order_seq_cst);
      if (again != state) {
        monitor_asleep_.store(0, std::memory_order_seq_cst);
        continue;
      }
    }
    mutex_.unlock();
    futex_wait(thread.bell_, bell, sleeps ? nullptr : &tick);
    mutex_.lock();
    // If another monitor sleeps by now, leave the flag set: that monitor must be woken when a call
    // starts.
    if (sleeps && sleeping_monitor_.load(std::memory_order_seq_cst) == &thread) {
      monitor_asleep_.store(0, std::memory_order_seq_cst);
    }
  }
}

void AppExecutor::wake_monitor() {
  monitor_asleep_.store(0, std::memory_order_seq_cst);
  ring(*sleeping_monitor_.load(std::memory_order_seq_cst));
}

void AppExecutor::enter_standby(AppThread& thread) {
  standby_.push_back(&thread);
  if (monitor_ == nullptr) monitor_ = &thread;
}

/// Stand by first and deliver the result second: for every callback that the leader no longer
/// counts as running elsewhere, it relies on a standby.
void AppExecutor::return_to_standby(AppThread& thread) {
  {
    const Lock lock(mutex_);
    enter_standby(thread);
  }
  if (AppTask* task = std::exchange(thread.finished_, nullptr); task != nullptr) deliver(*task);
}

/// Requires at least one standby. If `wanted` is null, takes a thread other than the monitor if
/// possible.
AppThread& AppExecutor::take_from_standby(AppThread* wanted) {
  if (wanted == nullptr) {
    wanted = standby_.front();
    if (wanted == monitor_ && standby_.size() > 1) wanted = standby_[1];
  }
  standby_.erase(std::find(standby_.begin(), standby_.end(), wanted));
  if (monitor_ == wanted) {
    monitor_ = standby_.empty() ? nullptr : standby_.front();
    if (monitor_ != nullptr) ring(*monitor_);
  }
  return *wanted;
}

/// Runs on the thread that led when stop() was called.
void AppExecutor::end_threads(AppThread& leader) {
  Lock lock(mutex_);
  ending_ = true;
  for (const auto& thread : threads_) ring(*thread);
  if (leader.index == 0) return;
  const MonotonicTime end = now() + patience_;
  while (!main_is_back_ && changed_.wait_until(lock, end)) {
  }
  if (!main_is_back_) give_up();
}

void AppExecutor::give_up() {
  gave_up_ = true;
  mutex_.unlock();
  on_stuck_();
  mutex_.lock();
}

}  // namespace alicorn
