// The executor's threads while they do not lead: the spare, the free app threads, and how threads
// begin and end.
#include "base/clock.hpp"
#include "base/shortage.hpp"
#include "workers/loop/executor.hpp"

#include <string>
#include <system_error>
#include <utility>

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr timespec kSoon{0, 1'000'000}, kLater{0, 2'000'000};

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
  if (auto opened = deliveries_.open(); !opened) return opened;
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
  const bool is_spare = thread.kind == AppThread::Kind::kSpare;
  adopt_this_thread(thread);
  const std::string name = is_spare ? "spare" : "app-" + std::to_string(thread.index);
  ::pthread_setname_np(::pthread_self(), name.c_str());
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
    if (!is_spare) free_.push_back(&thread);
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
    become_free(main_thread);
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

/// From the first wait for a duty to the end of the thread's work.
void AppExecutor::work(AppThread& thread) {
  while (await_duty(thread) == Wake::kToLead) {
    took_leadership(thread);
    if (lead(thread) == End::kStopped) {
      end_threads(thread);
      return;
    }
    become_free(thread);
  }
}

AppExecutor::Wake AppExecutor::await_duty(AppThread& thread) {
  Lock lock(mutex_);
  for (;;) {
    switch (std::exchange(thread.duty_, AppThread::Duty::kNone)) {
      case AppThread::Duty::kLead:
        return Wake::kToLead;
      case AppThread::Duty::kCall: {
        AppTask& call = *std::exchange(thread.call_, nullptr);
        lock.unlock();
        run_beside_the_loop(thread, call);
        become_free(thread);
        lock.lock();
        continue;
      }
      case AppThread::Duty::kNone:
        break;
    }
    if (ending_) return Wake::kToEnd;
    // Read under the lock: who gives this thread a duty rings later.
    const std::uint32_t bell = thread.bell_.load(std::memory_order_seq_cst);
    if (thread.kind == AppThread::Kind::kSpare) {
      if (look_at_leader(bell)) return Wake::kToLead;
    } else {
      lock.unlock();
      futex_wait(thread.bell_, bell, nullptr);
      lock.lock();
    }
  }
}

/// One look of the spare, and the wait for the next. True: it has taken the leadership.
bool AppExecutor::look_at_leader(std::uint32_t bell) {
  std::uint64_t state = state_.load(std::memory_order_seq_cst);
  const timespec* wait = &kSoon;
  switch (judge_.look(state >> 2, (state & kStateMask) == kRunning)) {
    case LateCallJudge::Verdict::kLate:
      if (state_.compare_exchange_strong(state, sequence_of(state) | kStolen,
                                         std::memory_order_acq_rel)) {
        return true;
      }
      break;
    case LateCallJudge::Verdict::kLookSoon:
      break;
    case LateCallJudge::Verdict::kLookLater:
      wait = &kLater;
      break;
    case LateCallJudge::Verdict::kSleep:
      wait = nullptr;
      spare_sleeps_.store(true, std::memory_order_seq_cst);
      if (state_.load(std::memory_order_seq_cst) != state) wait = &kSoon;
      break;
  }
  mutex_.unlock();
  futex_wait(spare().bell_, bell, wait);
  mutex_.lock();
  spare_sleeps_.store(false, std::memory_order_seq_cst);
  return false;
}

void AppExecutor::wake_spare() {
  spare_sleeps_.store(false, std::memory_order_seq_cst);
  ring(spare());
}

/// Become free first and deliver the result second: for every callback that the leader no longer
/// counts as running elsewhere, it relies on a free thread.
void AppExecutor::become_free(AppThread& thread) {
  if (thread.kind == AppThread::Kind::kApp) {
    const Lock lock(mutex_);
    free_.push_back(&thread);
  }
  if (AppTask* task = std::exchange(thread.finished_, nullptr); task != nullptr) deliver(*task);
}

AppThread* AppExecutor::take_free_thread() {
  const Lock lock(mutex_);
  if (free_.empty()) return nullptr;
  AppThread* const thread = free_.back();
  free_.pop_back();
  return thread;
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
