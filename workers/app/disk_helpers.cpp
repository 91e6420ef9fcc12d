#include "workers/app/disk_helpers.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/thread_start.hpp"
#include "workers/crash/crash_handler.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

/// A thread that has not been needed for this long ends.
constexpr seconds kIdleTime{10};

/// Deletes itself.
class CloseJob final : public DiskHelpers::Job {
 public:
  CloseJob(UniqueFd fd, dev_t device) : Job(device), fd_(std::move(fd)) {}
  void run() noexcept override { fd_.reset(); }
  void on_done() noexcept override { delete this; }

 private:
  UniqueFd fd_;
};

class FunctionJob final : public DiskHelpers::Job {
 public:
  explicit FunctionJob(void (*function)() noexcept) : function_(function) {}
  void run() noexcept override { function_(); }
  void on_done() noexcept override { delete this; }

 private:
  void (*const function_)() noexcept;
};

}  // namespace

class DiskHelpers::Desk {
 public:
  explicit Desk(AppExecutor& executor) : executor_(&executor) { running_.reserve(kThreadsMax); }

  enum class Taken { kByIdleThread, kNeedsThread, kWaits };
  Taken submit(Job& job) {
    const Lock lock(mutex_);
    job.next_job_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_job_) = &job;
    last_ = &job;
    ++waiting_;
    if (!may_begin(job)) return Taken::kWaits;
    if (idle_ > 0) changed_.notify_one();
    if (waiting_ <= idle_) return Taken::kByIdleThread;
    if (threads_ == kThreadsMax) return Taken::kWaits;
    ++threads_;
    return Taken::kNeedsThread;
  }
  /// False: no thread will ever take the last job, so it is taken back.
  bool thread_failed(Job& job) {
    const Lock lock(mutex_);
    if (--threads_ > 0) return true;
    return take_if([&job](const Job& waiting) { return &waiting == &job; }) == nullptr;
  }
  bool withdraw(Job& job) {
    const Lock lock(mutex_);
    return take_if([&job](const Job& waiting) { return &waiting == &job; }) != nullptr;
  }
  void close() {
    const Lock lock(mutex_);
    executor_ = nullptr;
    changed_.notify_all();
  }

  void work() {
    Lock lock(mutex_);
    while (executor_ != nullptr) {
      Job* const job = take_if([this](const Job& waiting)
                                   ALICORN_REQUIRES(mutex_) { return may_begin(waiting); });
      if (job == nullptr) {
        ++idle_;
        const bool called = changed_.wait_for(lock, kIdleTime);
        --idle_;
        if (!called && !has_work()) break;
        continue;
      }
      const dev_t device = job->device_;
      running_.push_back(device);
      lock.unlock();
      job->run();
      lock.lock();
      running_.erase(std::find(running_.begin(), running_.end(), device));
      if (executor_ != nullptr) executor_->deliver(*job);
    }
    --threads_;
  }

 private:
  bool may_begin(const Job& job) const ALICORN_REQUIRES(mutex_) {
    return std::count(running_.begin(), running_.end(), job.device_) <
           std::ptrdiff_t{kThreadsPerDevice};
  }
  bool has_work() const ALICORN_REQUIRES(mutex_) {
    for (const Job* job = first_; job != nullptr; job = job->next_job_) {
      if (may_begin(*job)) return true;
    }
    return false;
  }
  /// Removes and returns the first such job; null: there is none.
  template <class Predicate>
  Job* take_if(Predicate predicate) ALICORN_REQUIRES(mutex_) {
    Job* previous = nullptr;
    for (Job* job = first_; job != nullptr; previous = std::exchange(job, job->next_job_)) {
      if (!predicate(*job)) continue;
      (previous == nullptr ? first_ : previous->next_job_) = job->next_job_;
      if (last_ == job) last_ = previous;
      --waiting_;
      return job;
    }
    return nullptr;
  }

  Mutex mutex_;
  Condition changed_;
  /// Null: nobody waits for results any longer.
  AppExecutor* executor_ ALICORN_GUARDED_BY(mutex_);
  Job* first_ ALICORN_GUARDED_BY(mutex_) = nullptr;
  Job* last_ ALICORN_GUARDED_BY(mutex_) = nullptr;
  std::uint32_t waiting_ ALICORN_GUARDED_BY(mutex_) = 0;
  std::uint32_t idle_ ALICORN_GUARDED_BY(mutex_) = 0;
  std::uint32_t threads_ ALICORN_GUARDED_BY(mutex_) = 0;
  std::vector<dev_t> running_ ALICORN_GUARDED_BY(mutex_);  ///< one entry for each running job
};

DiskHelpers::DiskHelpers(AppExecutor& executor) : desk_(std::make_shared<Desk>(executor)) {}

DiskHelpers::~DiskHelpers() {
  desk_->close();
}

bool DiskHelpers::submit(Job& job) {
  if (desk_->submit(job) != Desk::Taken::kNeedsThread) return true;
  auto started = start_thread("disk", [desk = desk_] {
    // The signal handler runs without a stack of its own if there is no memory for one.
    static_cast<void>(prepare_this_thread_for_crashes());
    desk->work();
  });
  if (started) return true;
  const bool will_run = desk_->thread_failed(job);
  if (!will_run) log::error(started.error().text());
  return will_run;
}

bool DiskHelpers::withdraw(Job& job) {
  return desk_->withdraw(job);
}

void DiskHelpers::run(void (*function)() noexcept) {
  auto* const job = new FunctionJob(function);  // NOLINT(cppcoreguidelines-owning-memory)
  if (submit(*job)) return;
  job->run();
  job->on_done();
}

void DiskHelpers::close(UniqueFd fd, dev_t device) {
  if (!fd) return;
  auto* const job = new CloseJob(std::move(fd), device);  // NOLINT(cppcoreguidelines-owning-memory)
  if (!submit(*job)) job->on_done();
}

}  // namespace alicorn
