#include "workers/loop/executor.hpp"

#include "base/clock.hpp"
#include "base/invariant.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// The leader handles at most this many queued calls, then at most this many ready events. Neither
/// callbacks that keep submitting calls nor clients that keep sending can monopolise the leader.
constexpr int kCallsPerSlice = 64, kTurnsPerSlice = 64;
/// Each call may take two milliseconds before another thread takes over the loop.
constexpr milliseconds kSliceTime{2};
/// After a late call this many calls go straight to a free thread. Short calls lower the number.
constexpr std::uint32_t kDirectCalls = 64;
constexpr std::uint32_t kDirectDecay = 8;
/// A call on another thread that took longer than this sends further calls there.
constexpr milliseconds kLongCall{1};

thread_local AppThread* this_thread = nullptr;

}  // namespace

void AppTask::on_delivered() noexcept {
  executor_->task_returned(*this);
}

AppExecutor::AppExecutor(Model model, std::uint32_t threads, Hooks hooks)
    : model_(model),
      threads_allowed_(model == Model::kInline ? 1 : threads),
      hooks_(std::move(hooks)) {
  const std::uint32_t count = model == Model::kInline ? 1 : threads + 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    threads_.push_back(std::make_unique<AppThread>());
    threads_.back()->index = i;
    threads_.back()->executor_ = this;
    standby_.reserve(count);
  }
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

void AppExecutor::submit(AppTask& task) {
  task.executor_ = this;
  task.next_task_ = nullptr;
  if (first_ready_ == nullptr) {
    first_ready_ = &task;
  } else {
    last_ready_->next_task_ = &task;
  }
  last_ready_ = &task;
  ++queued_;
}

AppTask& AppExecutor::take_queued() {
  AppTask& task = *first_ready_;
  first_ready_ = task.next_task_;
  --queued_;
  return task;
}

AppExecutor::End AppExecutor::lead(AppThread& thread) {
  for (;;) {
    if (!run_queued(thread)) return End::kLeadershipLost;
    if (stopped_) return End::kStopped;
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

/// Runs some of the waiting calls.
bool AppExecutor::run_queued(AppThread& thread) {
  MonotonicTime end{};
  for (int calls = 0; may_run() && calls < kCallsPerSlice; ++calls) {
    // The clock matters only if a second call waits.
    if (calls == 1) end = now() + kSliceTime;
    if (calls > 1 && now() > end) break;
    AppTask& task = take_queued();
    if (direct_calls_ > 0 && give_to_free_thread(task)) continue;
    if (!run_here(thread, task)) return false;
  }
  return true;
}

bool AppExecutor::run_here(AppThread& thread, AppTask& task) {
  ensure(!is_in_turn_, "I2: callbacks run between two turns of the loop");
  ensure(current_ == nullptr, "I1: one thread at a time leads");
  const std::uint64_t running = ++sequence_ << 2 | kRunning;
  current_ = &task;
  thread.running_ = running;
  // Sequentially consistent, like the monitor's side: either the monitor sees the call, or we see
  // that the monitor sleeps.
  state_.store(running, std::memory_order_seq_cst);
  if (monitor_asleep_.load(std::memory_order_seq_cst) != 0) wake_monitor();
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

void AppExecutor::took_leadership(AppThread& thread) {
  hooks_.leads(thread);
  ++out_;
  hooks_.load_changed();
  direct_calls_ = kDirectCalls;
  ensure(current_ != nullptr, "I1: the leadership is taken from a callback that is late");
  AppTask& late = *current_;
  current_ = nullptr;
  late.was_long_ = true;
  late.on_late();
}

void AppExecutor::run_direct(AppThread& thread, AppTask& task) {
  const MonotonicTime start = now();
  task.run(thread);
  task.was_long_ = now() - start > kLongCall;
  thread.finished_ = &task;
}

void AppExecutor::task_returned(AppTask& task) {
  --out_;
  ++returned_;
  hooks_.load_changed();
  if (task.was_long_) {
    direct_calls_ = kDirectCalls;
  } else {
    direct_calls_ -= direct_calls_ < kDirectDecay ? direct_calls_ : kDirectDecay;
  }
  task.was_long_ = false;
  task.on_returned(AppTask::Return::kDelivered);
}

bool AppExecutor::give_to_free_thread(AppTask& task) {
  if (model_ == Model::kInline) return false;
  AppThread* free = nullptr;
  {
    const Lock lock(mutex_);
    if (standby_.empty()) return false;
    free = &take_from_standby(nullptr);
    free->direct_ = &task;
  }
  ++out_;
  hooks_.load_changed();
  task.on_late();
  ring(*free);
  return true;
}

bool AppExecutor::leads_inline() const {
  return this_thread != nullptr && this_thread->executor_ == this && this_thread->running_ != 0 &&
         state_.load(std::memory_order_seq_cst) == this_thread->running_;
}

void AppExecutor::about_to_block() {
  if (model_ == Model::kInline || !leads_inline()) return;
  AppThread* successor = nullptr;
  {
    const Lock lock(mutex_);
    std::uint64_t expected = this_thread->running_;
    if (!state_.compare_exchange_strong(expected, sequence_of(expected) | kStolen,
                                        std::memory_order_acq_rel)) {
      return;  // the monitor was faster
    }
    // A standby exists: the leader itself runs a call only while fewer than `threads` run
    // elsewhere.
    successor = &take_from_standby(nullptr);
    successor->leads_ = true;
  }
  ring(*successor);
}

void AppExecutor::deliver(Delivery& delivery) {
  delivery.next_delivery_ = nullptr;
  const Lock lock(delivery_mutex_);
  if (first_delivery_ != nullptr) {
    last_delivery_->next_delivery_ = &delivery;
    last_delivery_ = &delivery;
    return;
  }
  first_delivery_ = last_delivery_ = &delivery;
  const std::uint64_t one = 1;
  // Cannot fail: a drained eventfd's counter never gets near its limit.
  [[maybe_unused]] const ssize_t written = ::write(delivery_fd_.get(), &one, sizeof one);
}

void AppExecutor::drain_deliveries() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(delivery_fd_.get(), &count, sizeof count);
  Delivery* delivery = nullptr;
  {
    const Lock lock(delivery_mutex_);
    delivery = first_delivery_;
    first_delivery_ = nullptr;
  }
  while (delivery != nullptr) {
    Delivery* next = delivery->next_delivery_;
    delivery->on_delivered();
    delivery = next;
  }
}

}  // namespace alicorn
