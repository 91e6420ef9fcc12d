#include "base/line_output.hpp"

#include "base/mutex.hpp"
#include "base/thread_start.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr timespec kBetweenLooks{.tv_sec = 0, .tv_nsec = 1'000'000};

std::uint64_t count_lines(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace

/// The work of the thread, and what it shares with the LineOutput: the lines for one file.
class LineOutput::Queue {
 public:
  Queue(std::shared_ptr<AppendFile> file, std::shared_ptr<SharedLosses> losses)
      : file_(std::move(file)), losses_(std::move(losses)) {
    // Reserves all the memory that the queue will ever use. Untouched pages cost nothing.
    pending_.reserve(kQueueMax);
    batch_.reserve(kQueueMax);
  }

  bool push(std::string_view line, std::uint64_t tells_of) {
    {
      const Lock lock(mutex_);
      if (line.size() > kQueueMax - pending_.size()) return false;
      pending_.append(line);
      if (tells_of != 0) pending_tellers_.push_back({pending_.size(), tells_of});
      unsettled_.fetch_add(1, std::memory_order_relaxed);
    }
    wake_.notify_one();
    return true;
  }
  void stop() {
    {
      const Lock lock(mutex_);
      stop_asked_ = true;
    }
    wake_.notify_one();
  }
  std::shared_ptr<AppendFile> file() {
    const Lock lock(mutex_);
    return file_;
  }
  bool is_settled() const { return unsettled_.load(std::memory_order_acquire) == 0; }

  /// Runs on the thread.
  void open_first(const std::function<Result<AppendFile>()>& open, const Opened& opened) {
    Result<AppendFile> file = open();
    if (file) {
      const Lock lock(mutex_);
      file_ = std::make_shared<AppendFile>(std::move(*file));
    }
    opened(file ? Result<int>(file_->fd()) : tl::unexpected(file.error()));
  }
  void wait_until_begun() const { has_begun_.wait(false); }
  /// Runs on the thread until stop(), and then until every line is written.
  void run() {
    let_this_thread_wait();
    has_begun_.store(true);
    has_begun_.notify_one();
    Lock lock(mutex_);
    for (;;) {
      while (pending_.empty() && !stop_asked_) wake_.wait(lock);
      if (pending_.empty()) return;
      batch_.swap(pending_);
      tellers_.swap(pending_tellers_);
      lock.unlock();
      write(batch_);
      unsettled_.fetch_sub(count_lines(batch_), std::memory_order_release);
      batch_.clear();
      tellers_.clear();
      lock.lock();
    }
  }

 private:
  /// A line that reports lost lines.
  struct Teller {
    std::size_t end;  ///< among the lines
    std::uint64_t tells_of;
  };

  /// A full pipe cuts a batch, and other writers' lines come in between. So each line for a pipe is
  /// written separately.
  void write(std::string_view lines) {
    if (file_->is_regular()) return write_at(0, lines);
    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', begin), lines.size() - 1) + 1;
      write_at(begin, lines.substr(begin, end - begin));
      begin = end;
    }
  }
  /// `begin` is the position of the lines in the batch.
  void write_at(std::size_t begin, std::string_view lines) {
    // End a line that was cut here, so that the next line does not continue it.
    if (is_torn_ && file_->append("\n", AppendFile::Wait::kMay).error == 0) is_torn_ = false;
    const AppendFile::Outcome outcome = file_->append(lines, AppendFile::Wait::kMay);
    if (outcome.error == 0) return;
    if (outcome.written != 0) is_torn_ = lines[outcome.written - 1] != '\n';
    std::uint64_t lost = count_lines(lines.substr(outcome.written));
    for (const Teller& teller : tellers_) {
      if (teller.end <= begin + outcome.written || teller.end > begin + lines.size()) continue;
      losses_->untold.fetch_add(teller.tells_of, std::memory_order_relaxed);
      --lost;  // the report itself is not a lost message
    }
    losses_->lines.fetch_add(lost, std::memory_order_relaxed);
  }

  Mutex mutex_;
  Condition wake_;
  std::string pending_ ALICORN_GUARDED_BY(mutex_);
  std::vector<Teller> pending_tellers_ ALICORN_GUARDED_BY(mutex_);
  bool stop_asked_ ALICORN_GUARDED_BY(mutex_) = false;
  /// Only the thread changes it, so the thread alone may read it without the mutex.
  std::shared_ptr<AppendFile> file_;
  // Used by the thread only.
  std::string batch_;
  std::vector<Teller> tellers_;
  bool is_torn_ = false;
  // Used by any thread.
  std::atomic<bool> has_begun_{false};
  std::atomic<std::uint64_t> unsettled_{0};  ///< lines that are neither written nor lost
  const std::shared_ptr<SharedLosses> losses_;
};

LineOutput::LineOutput(AppendFile file) : file_(std::make_shared<AppendFile>(std::move(file))) {}

int LineOutput::fd() const {
  return queue_ ? queue_->file()->fd() : file_->fd();
}

Result<LingeringFd> LineOutput::duplicate_fd() const {
  const std::shared_ptr<AppendFile> file = queue_ ? queue_->file() : file_;
  return adopt<LingeringFd>(::fcntl(file->fd(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "duplicate",
                            "error log");
}

std::size_t LineOutput::atomic_size_max() const {
  return (queue_ ? queue_->file() : file_)->atomic_size_max();
}

LineOutput::~LineOutput() {
  end_queue();
}

Result<void> LineOutput::start_queue(std::function<Result<AppendFile>()> open, Opened opened) {
  auto queue = std::make_shared<Queue>(queue_ ? queue_->file() : file_, losses_);
  auto started =
      start_thread("error log", [queue, open = std::move(open), opened = std::move(opened)] {
        if (open) queue->open_first(open, opened);
        queue->run();
      });
  if (!started) return started;
  end_queue();
  queue_ = std::move(queue);
  return {};
}

void LineOutput::end_queue() {
  if (!queue_) return;
  if (!file_) file_ = queue_->file();
  queue_->stop();
  queue_.reset();
}

Result<void> LineOutput::write_in_background() {
  in_background_ = true;
  let_threads_close();  // for files that are replaced
  if (queue_ || !file_->is_slow()) return {};
  if (auto started = start_queue({}, {}); !started) return started;
  // A fork may come next. Its child must not inherit a lock that the new thread holds while it
  // starts, such as one of an allocator that fork() does not know about (a sanitizer's).
  queue_->wait_until_begun();
  return {};
}

bool LineOutput::put(std::string_view line, std::uint64_t tells_of) {
  if (queue_) return queue_->push(line, tells_of);
  if (is_torn_ && file_->append("\n").error == 0) is_torn_ = false;
  const AppendFile::Outcome outcome = file_->append(line);
  is_torn_ = is_torn_ || (outcome.error != 0 && outcome.written != 0);
  return outcome.error == 0;
}

void LineOutput::replace(AppendFile file) {
  end_queue();
  file_ = std::make_shared<AppendFile>(std::move(file));
  is_torn_ = false;
  // If no thread can be started, lines are still written directly.
  if (in_background_) static_cast<void>(write_in_background());
}

std::optional<Result<int>> LineOutput::reopen(const std::function<Result<AppendFile>()>& open,
                                              const Opened& opened) {
  if (in_background_ && start_queue(open, opened)) {
    file_.reset();  // the old queue ends after the lines it already has
    return std::nullopt;
  }
  Result<AppendFile> file = open();
  if (!file) return tl::unexpected(file.error());
  replace(std::move(*file));
  return fd();
}

AppendFile LineOutput::take_file() {
  AppendFile taken = file_ ? std::move(*file_) : AppendFile::borrow(-1);
  queue_.reset();
  return taken;
}

bool LineOutput::flush(milliseconds limit) const {
  if (!queue_) return true;
  for (const MonotonicTime end = now() + limit; !queue_->is_settled();) {
    if (now() >= end) return false;
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kBetweenLooks, nullptr);
  }
  return true;
}

void LineOutput::wait_in_crash() const noexcept {
  if (!queue_) return;
  for (auto looks = kCrashTime / milliseconds(1); looks > 0 && !queue_->is_settled(); --looks) {
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kBetweenLooks, nullptr);
  }
}

}  // namespace alicorn
