#include "workers/loop/executor.hpp"

#include "base/clock.hpp"
#include "base/invariant.hpp"

#include <unistd.h>

namespace alicorn {
namespace {

/// The leader handles at most this many queued calls, then at most this many ready events. Neither
/// callbacks that keep submitting calls nor clients that keep sending can monopolise the leader.
constexpr int kCallsPerSlice = 64, kTurnsPerSlice = 64;
/// All calls that the leader runs between two turns may take about this long together. Where
/// Hooks::time is coarse (without an access log), this becomes a tick of the kernel, 1 to 10 ms.
constexpr milliseconds kSliceTime{2};
/// A call on another thread that took longer than this sends further calls there.
constexpr milliseconds kLongCall{1};

thread_local AppThread* this_thread = nullptr;

}  // namespace

void AppTask::on_delivered() noexcept {
  executor_->task_returned(*this);
}

void AppTaskQueue::insert_by_age(AppTask& task) {
  AppTask* before = nullptr;
  for (AppTask* other = first_; other != nullptr; before = other, other = other->next_task_) {
    if (other->waits_since_us() <= task.waits_since_us()) continue;
    task.next_task_ = other;
    (before == nullptr ? first_ : before->next_task_) = &task;
    ++size_;
    return;
  }
  push(task);
}

bool AppTaskQueue::remove(AppTask& task) {
  AppTask* before = nullptr;
  for (AppTask* other = first_; other != nullptr; before = other, other = other->next_task_) {
    if (other != &task) continue;
    (before == nullptr ? first_ : before->next_task_) = task.next_task_;
    if (last_ == &task) last_ = before;
    --size_;
    return true;
  }
  return false;
}

AppExecutor::AppExecutor(Model model, std::uint32_t threads, Hooks hooks)
    : model_(model),
      app_threads_(model == Model::kInline ? 1 : threads),
      hooks_(std::move(hooks)),
      usable_threads_(app_threads_) {
  for (std::uint32_t i = 0; i < app_threads_; ++i) {
    threads_.push_back(std::make_unique<AppThread>(*this, AppThread::Kind::kApp, i));
  }
  if (model == Model::kRelay) {
    threads_.push_back(std::make_unique<AppThread>(*this, AppThread::Kind::kSpare, app_threads_));
  }
  free_.reserve(threads_.size());
}

AppExecutor::~AppExecutor() {
  {
    const Lock lock(mutex_);
    ending_ = true;  // also if start() failed or run() was never called
    for (const auto& thread : threads_) ring(*thread);
  }
  for (std::thread& handle : handles_) handle.join();
  release_this_thread();  // also if run() was never called
}

void AppExecutor::adopt_this_thread(AppThread& thread) {
  this_thread = &thread;
  thread.tid = ::gettid();
}

/// The main thread outlives the executor and may start another one. That one would ask a dead
/// AppThread whether it leads.
void AppExecutor::release_this_thread() {
  if (this_thread == threads_.front().get()) this_thread = nullptr;
}

AppExecutor::End AppExecutor::lead(AppThread& thread) {
  for (;;) {
    if (!run_queued(thread)) return End::kLeadershipLost;
    if (stopped_) return End::kStopped;
    if (!queue_.empty() || has_told_of_queue_) look_at_queue();
    is_in_turn_ = true;
    if (!may_run()) {
      hooks_.turn(Wait::kMay);
    } else {
      for (int turns = 0; turns < kTurnsPerSlice && !stopped_; ++turns) {
        if (!hooks_.turn(Wait::kMustNot)) break;
      }
    }
    is_in_turn_ = false;
  }
}

void AppExecutor::look_at_queue() {
  const bool is_to_be_told = !queue_.empty() && saturated();
  if (!is_to_be_told && !has_told_of_queue_) return;
  has_told_of_queue_ = is_to_be_told;
  hooks_.calls_wait();
}

/// Runs some of the waiting calls.
bool AppExecutor::run_queued(AppThread& thread) {
  MonotonicTime slice_began{};
  for (int calls = 0; may_run() && calls < kCallsPerSlice; ++calls) {
    // The time at which the leader's last call began, because a look at the clock costs as much as
    // a short call. A call that another thread gets takes the leader no time.
    if (calls == 1) slice_began = thread.began;
    if (calls > 1 && thread.began - slice_began > kSliceTime) break;
    if (!run_next(thread)) return false;
  }
  return true;
}

/// Decides which thread runs the next call, and which one leads from now on.
bool AppExecutor::run_next(AppThread& thread) {
  const bool is_spare = thread.kind == AppThread::Kind::kSpare;
  if (model_ == Model::kInline || (!is_spare && !pace_.is_slow())) {
    return run_here(thread, queue_.take());
  }
  AppThread* const free = take_free_thread();
  if (is_spare) ensure(free != nullptr, "an app thread that runs no call is free");
  if (!pace_.is_slow()) {
    pass_leadership(*free);
    return false;
  }
  AppTask& task = queue_.take();
  count_out(task);
  if (free != nullptr) {
    {
      const Lock lock(mutex_);
      free->duty_ = AppThread::Duty::kCall;
      free->call_ = &task;
    }
    ring(*free);
    return true;
  }
  pass_leadership(spare());
  run_beside_the_loop(thread, task);
  return false;
}

bool AppExecutor::run_here(AppThread& thread, AppTask& task) {
  ensure(!is_in_turn_, "I2: callbacks run between two turns of the loop");
  ensure(current_ == nullptr, "I1: one thread at a time leads");
  const std::uint64_t running = ++sequence_ << 2 | kRunning;
  current_ = &task;
  thread.began = hooks_.time();
  thread.running_ = running;
  // Sequentially consistent, like the spare's side: either the spare sees the call, or we see that
  // the spare sleeps.
  state_.store(running, std::memory_order_seq_cst);
  if (spare_sleeps_.load(std::memory_order_seq_cst)) wake_spare();
  task.run(thread);
  thread.running_ = 0;
  std::uint64_t expected = running;
  if (state_.compare_exchange_strong(expected, sequence_of(running) | kIdle,
                                     std::memory_order_acq_rel)) {
    current_ = nullptr;
    ++returned_;
    task.on_returned(AppTask::Return::kAtOnce);
    return true;
  }
  thread.finished_ = &task;
  return false;
}

/// The thread leads because it was given the leadership, or has taken it from a late call.
void AppExecutor::took_leadership(AppThread& thread) {
  hooks_.leads(thread);
  if (current_ == nullptr) return;
  AppTask& late = *current_;
  current_ = nullptr;
  late.was_long_ = true;
  pace_.note(true);
  count_out(late);
}

void AppExecutor::pass_leadership(AppThread& thread) {
  {
    const Lock lock(mutex_);
    thread.duty_ = AppThread::Duty::kLead;
  }
  ring(thread);
}

/// The call runs on a thread other than the leader.
void AppExecutor::count_out(AppTask& task) {
  ++out_;
  hooks_.load_changed();
  task.on_late();
}

void AppExecutor::run_beside_the_loop(AppThread& thread, AppTask& task) {
  thread.began = now();
  task.run(thread);
  task.was_long_ = now() - thread.began > kLongCall;
  thread.finished_ = &task;
}

void AppExecutor::task_returned(AppTask& task) {
  --out_;
  ++returned_;
  hooks_.load_changed();
  pace_.note(task.was_long_);
  task.was_long_ = false;
  task.on_returned(AppTask::Return::kDelivered);
}

bool AppExecutor::leads_inline() const {
  return this_thread != nullptr && &this_thread->executor_ == this && this_thread->running_ != 0 &&
         state_.load(std::memory_order_seq_cst) == this_thread->running_;
}

void AppExecutor::about_to_block() {
  if (model_ == Model::kInline || !leads_inline()) return;
  std::uint64_t expected = this_thread->running_;
  // If this fails, the spare was faster.
  if (state_.compare_exchange_strong(expected, sequence_of(expected) | kStolen,
                                     std::memory_order_acq_rel)) {
    pass_leadership(spare());
  }
}

}  // namespace alicorn
