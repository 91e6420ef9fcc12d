#include "workers/log/log_writer.hpp"

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/shortage.hpp"
#include "workers/crash/crash_handler.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

namespace alicorn {
namespace {

constexpr std::size_t kBatchFull = 64 * 1024;  // gathering more is of no use
constexpr milliseconds kStopTime{1000};
constexpr milliseconds kFlushTime{900};  // the thread stops trying before its owner stops waiting
constexpr milliseconds kStuckPause{50};
constexpr seconds kReportPause{1};
/// While nothing can be written: the first report comes at once, further ones at this interval.
constexpr seconds kFailureReportPause{60};
constexpr timespec kBetweenCrashLooks{.tv_sec = 0, .tv_nsec = 1'000'000};

std::uint64_t count_lines(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

/// Blocks all signals in a thread that is started while this object exists: the process's signals
/// belong to threads that wait for them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

/// The work of the thread, and what it shares with the LogWriter.
class LogWriter::Task {
 public:
  Task(std::unique_ptr<LogTarget> target, std::string_view name, std::atomic<std::uint64_t>* lost)
      : target_(std::move(target)), name_(name), lost_ever_(lost) {
    // Reserves all the memory that the thread will ever use. Untouched pages cost nothing.
    pending_.reserve(kBufferMax);
    batch_.reserve(kBufferMax);
  }

  void append(std::string_view line) {
    bool wake = false;
    {
      const Lock lock(mutex_);
      const std::size_t before = pending_.size();
      if (line.size() > kBufferMax - before) {
        ++dropped_;
        count(1);
        return;
      }
      pending_.append(line);
      unsettled_.fetch_add(1, std::memory_order_relaxed);
      wake = before == 0 || (before < kBatchFull && pending_.size() >= kBatchFull);
    }
    if (wake) wake_.notify_one();
  }
  void ask_reopen() {
    {
      const Lock lock(mutex_);
      reopen_asked_ = true;
    }
    wake_.notify_one();
  }
  /// True if the thread has ended.
  bool stop() {
    Lock lock(mutex_);
    stop_at_ = now() + kFlushTime;
    stop_asked_ = true;
    wake_.notify_one();
    const MonotonicTime end = now() + kStopTime;
    while (!has_ended_ && ended_.wait_until(lock, end)) {
    }
    return has_ended_;
  }

  void run() {
    Lock lock(mutex_);
    while (!stop_asked_ || !pending_.empty()) {
      while (pending_.empty() && !is_called()) wake_.wait(lock);
      const MonotonicTime gathered = now() + kGatherTime;
      while (pending_.size() < kBatchFull && !is_called()) {
        if (!wake_.wait_until(lock, gathered)) break;
      }
      batch_.swap(pending_);
      const std::uint64_t taken = unsettled_.load(std::memory_order_relaxed);
      lost_ += std::exchange(dropped_, 0);
      is_reopen_due_ = std::exchange(reopen_asked_, false);
      lock.unlock();
      write_batch();
      unsettled_.fetch_sub(taken, std::memory_order_release);
      if (is_reopen_due_) reopen();
      lock.lock();
    }
    lost_ += dropped_;
    lock.unlock();
    if (lost_ != 0) report();
    lock.lock();
    has_ended_ = true;
    ended_.notify_all();
  }

  /// Called in a crash handler. Takes no lock, because the crashed thread may hold the mutex.
  void wait_in_crash() const noexcept {
    for (auto looks = kCrashTime / milliseconds(1); looks > 0; --looks) {
      if (unsettled_.load(std::memory_order_acquire) == 0) return;
      ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kBetweenCrashLooks, nullptr);
    }
    count(unsettled_.load(std::memory_order_relaxed));
  }

 private:
  void lose(std::uint64_t lines) {
    lost_ += lines;
    count(lines);
  }
  void count(std::uint64_t lines) const {
    if (lost_ever_ != nullptr) lost_ever_->fetch_add(lines, std::memory_order_relaxed);
  }

  bool is_called() const ALICORN_REQUIRES(mutex_) { return stop_asked_ || reopen_asked_; }

  /// The batch is empty afterwards: written or lost.
  void write_batch() {
    std::size_t done = 0;
    while (done < batch_.size()) {
      const std::string_view piece = next_piece(std::string_view(batch_).substr(done));
      // End a line that was cut here, so that the next line does not continue it.
      AppendFile::Outcome outcome =
          is_torn_ ? target_->append("\n") : AppendFile::Outcome{.written = 0, .error = 0};
      if (outcome.error == 0) {
        is_torn_ = false;
        outcome = target_->append(piece);
        done += outcome.written;
      }
      if (outcome.error == 0) continue;
      if (outcome.error == EAGAIN && take_reopen_request()) {
        done += rest_of_line(done);
        reopen();
        continue;
      }
      if (outcome.error == EAGAIN && wait_for_reader()) continue;
      last_error_ = outcome.error;
      lose(count_lines(std::string_view(batch_).substr(done)));
      is_torn_ = is_torn_ || (done != 0 && batch_[done - 1] != '\n');
      batch_.clear();
      return report_failure();
    }
    batch_.clear();
    const std::uint64_t lost_later = target_->take_lost();
    lose(lost_later);
    if (lost_later != 0) {
      last_error_ = ECONNREFUSED;
      return report_failure();
    }
    if (lost_ != 0 && now() - reported_at_ >= kReportPause) report();
  }

  /// Whole lines, as many as the target takes in one piece.
  std::string_view next_piece(std::string_view lines) const {
    const std::size_t size_max = target_->piece_size_max();
    if (lines.size() <= size_max) return lines;
    const std::size_t line_end = lines.rfind('\n', size_max - 1);
    return lines.substr(0, line_end == std::string_view::npos ? size_max : line_end + 1);
  }

  /// Even while a target is stuck, the operator can switch to another file.
  bool take_reopen_request() {
    const Lock lock(mutex_);
    return std::exchange(reopen_asked_, false) || is_reopen_due_;
  }

  /// Bytes left of a line whose beginning went to the old file. That line is lost.
  std::size_t rest_of_line(std::size_t done) {
    if (done == 0 || batch_[done - 1] == '\n') return 0;
    lose(1);
    return batch_.find('\n', done) + 1 - done;
  }

  /// False: stop trying, because the worker is about to exit.
  bool wait_for_reader() {
    {
      const Lock lock(mutex_);
      if (stop_asked_ && now() >= stop_at_) return false;
      lost_ += std::exchange(dropped_, 0);
    }
    report_failure();
    pollfd entry{.fd = target_->fd(), .events = POLLOUT, .revents = 0};
    ::poll(&entry, 1, static_cast<int>(kStuckPause.count()));
    return true;
  }

  void reopen() {
    is_reopen_due_ = false;
    const Result<void> opened = target_->reopen();
    if (opened) {
      is_torn_ = false;
      return;
    }
    log::error(name_ + ": cannot be reopened, the old file stays in use",
               {{"error", opened.error().text()}});
  }

  std::string reason() const {
    return last_error_ == 0 ? "the buffer was full" : std::system_category().message(last_error_);
  }

  /// The error log may be full as well. The total is reported when writing works again.
  void report_failure() {
    const MonotonicTime time = now();
    const bool is_early =
        failure_reported_at_ && time - *failure_reported_at_ < kFailureReportPause;
    if (lost_ == 0 || is_early) return;
    log::warning(name_ + ": cannot be written, lines are being lost",
                 {{"so_far", std::to_string(lost_)}, {"reason", reason()}});
    failure_reported_at_ = time;
  }

  void report() {
    log::warning(name_ + ": lines could not be written and are lost",
                 {{"lines", std::to_string(lost_)}, {"reason", reason()}});
    lost_ = 0;
    last_error_ = 0;
    reported_at_ = now();
  }

  Mutex mutex_;
  Condition wake_;
  Condition ended_;
  std::string pending_ ALICORN_GUARDED_BY(mutex_);
  std::uint64_t dropped_ ALICORN_GUARDED_BY(mutex_) = 0;
  bool reopen_asked_ ALICORN_GUARDED_BY(mutex_) = false;
  bool stop_asked_ ALICORN_GUARDED_BY(mutex_) = false;
  bool has_ended_ ALICORN_GUARDED_BY(mutex_) = false;
  MonotonicTime stop_at_ ALICORN_GUARDED_BY(mutex_);
  // Used by the thread only.
  std::unique_ptr<LogTarget> target_;
  std::string name_;
  std::string batch_;
  std::uint64_t lost_ = 0;  ///< not reported yet
  int last_error_ = 0;
  bool is_torn_ = false;
  bool is_reopen_due_ = false;
  MonotonicTime reported_at_;
  std::optional<MonotonicTime> failure_reported_at_;
  // Used by any thread.
  std::atomic<std::uint64_t> unsettled_{0};      // lines that are neither written nor lost
  std::atomic<std::uint64_t>* const lost_ever_;  // may be null
};

Result<std::unique_ptr<LogWriter>> LogWriter::start(std::unique_ptr<LogTarget> target,
                                                    std::string_view name,
                                                    std::atomic<std::uint64_t>* lost) {
  const std::size_t line_size_max = target->line_size_max();
  auto task = std::make_shared<Task>(std::move(target), name, lost);
  std::unique_ptr<LogWriter> writer(new LogWriter(task, line_size_max));
  try {
    const SignalsBlocked signals_blocked;
    writer->thread_ = std::thread([task] {
      // Set the name of the thread itself: the name of another thread is written through /proc, and
      // what the kernel keeps for that can delay whoever reaps the process by a second.
      ::pthread_setname_np(::pthread_self(), "log writer");
      task->run();
    });
  } catch (const std::system_error& error) {
    return fail_task(TaskKind::kThread, error.code().value(),
                     std::string(name) + ": start its thread");
  }
  return writer;
}

LogWriter::LogWriter(std::shared_ptr<Task> task, std::size_t line_size_max)
    : task_(std::move(task)), line_size_max_(line_size_max) {}

LogWriter::~LogWriter() {
  if (!thread_.joinable()) return;
  if (task_->stop()) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void LogWriter::append(std::string_view line) {
  task_->append(line);
}
void LogWriter::write_on_crash() {
  // Never freed, because an app thread may crash after the log has ended.
  auto* const task = new std::shared_ptr<Task>(task_);  // NOLINT(cppcoreguidelines-owning-memory)
  add_crash_step({.run =
                      [](void* context, const CrashRecord&) noexcept {
                        (*static_cast<std::shared_ptr<Task>*>(context))->wait_in_crash();
                      },
                  .context = task});
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
void LogWriter::reopen() {
  task_->ask_reopen();
}

}  // namespace alicorn
