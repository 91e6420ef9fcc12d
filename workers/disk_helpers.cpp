#include "workers/disk_helpers.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/thread_start.hpp"

#include <utility>

namespace alicorn {
namespace {

/// A thread that was not needed for so long ends.
constexpr seconds kIdleTime{10};

/// Frees itself.
class CloseJob final : public DiskHelpers::Job {
 public:
  explicit CloseJob(UniqueFd fd) : fd_(std::move(fd)) {}
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
  explicit Desk(AppExecutor& executor) : executor_(&executor) {}

  enum class Taken { kByIdleThread, kNeedsThread, kWaits };
  Taken submit(Job& job) {
    const std::lock_guard lock(mutex_);
    job.next_job_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_job_) = &job;
    last_ = &job;
    ++waiting_;
    if (waiting_ <= idle_) {
      changed_.notify_one();
      return Taken::kByIdleThread;
    }
    if (threads_ == kThreadsMax) return Taken::kWaits;
    ++threads_;
    return Taken::kNeedsThread;
  }
  /// False: nobody will ever take the last job, and it is taken back.
  bool thread_failed(Job& job) {
    const std::lock_guard lock(mutex_);
    if (--threads_ > 0) return true;
    // The only one: without threads none waits before it.
    static_cast<void>(job);
    first_ = last_ = nullptr;
    waiting_ = 0;
    return false;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    executor_ = nullptr;
    changed_.notify_all();
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (executor_ != nullptr) {
      if (first_ == nullptr) {
        ++idle_;
        const bool is_needed = changed_.wait_for(
            lock, kIdleTime, [this] { return first_ != nullptr || executor_ == nullptr; });
        --idle_;
        if (!is_needed) break;
        continue;
      }
      Job& job = *std::exchange(first_, first_->next_job_);
      --waiting_;
      lock.unlock();
      job.run();
      lock.lock();
      if (executor_ != nullptr) executor_->deliver(job);
    }
    --threads_;
  }

 private:
  std::mutex mutex_;
  // Under the mutex.
  std::condition_variable changed_;
  AppExecutor* executor_;  ///< null: nobody waits for results any more
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  std::uint32_t waiting_ = 0, idle_ = 0, threads_ = 0;
};

DiskHelpers::DiskHelpers(AppExecutor& executor) : desk_(std::make_shared<Desk>(executor)) {}

DiskHelpers::~DiskHelpers() {
  desk_->close();
}

bool DiskHelpers::submit(Job& job) {
  if (desk_->submit(job) != Desk::Taken::kNeedsThread) return true;
  auto started = start_thread("disk", [desk = desk_] { desk->work(); });
  if (started) return true;
  const bool will_run = desk_->thread_failed(job);
  if (!will_run) log::error(started.error().text());
  return will_run;
}

void DiskHelpers::run(void (*function)() noexcept) {
  auto* const job = new FunctionJob(function);  // NOLINT(cppcoreguidelines-owning-memory)
  if (submit(*job)) return;
  job->run();
  job->on_done();
}

void DiskHelpers::close(UniqueFd fd) {
  if (!fd) return;
  auto* const job = new CloseJob(std::move(fd));  // NOLINT(cppcoreguidelines-owning-memory)
  if (!submit(*job)) job->on_done();
}

}  // namespace alicorn
