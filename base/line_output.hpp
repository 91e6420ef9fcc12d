// Where the lines of an error log go. Once that was asked for, a thread of its own writes them to a
// regular file, whose disk may stand still for seconds, and to a terminal, which nobody may be
// reading: whoever logs then never waits for either. Pipes and sockets are written at once, and
// never wait for their readers anyway. Any process.
//
// In the master the thread makes system calls and nothing else: no memory, no time zone, no lock
// but that of its queue. So the master may fork at any time, also while the thread is stuck in a
// write: a child takes the file with take_file() and never touches the queue of its parent.
#pragma once

#include "base/append_file.hpp"
#include "base/clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace alicorn {

class LineOutput {
 public:
  /// Bytes of lines that may wait for the disk; further ones are lost.
  static constexpr std::size_t kQueueMax = std::size_t{1} << 20;
  /// A crash waits this long for what was put before it.
  static constexpr milliseconds kCrashTime{100};

  explicit LineOutput(AppendFile file);
  /// What was put is still written, by a thread that is left behind.
  ~LineOutput();
  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;

  /// From now on, for this file and those that replace it. Where no thread can be had, lines are
  /// written as before, and the Error says why.
  Result<void> write_in_background();
  /// A whole line. False: it is lost. Not on two threads at once, nor beside the calls that follow.
  /// `tells_of`: so many lost lines are told of in it; where it turns out to be lost itself,
  /// take_losses() gives them back.
  bool put(std::string_view line, std::uint64_t tells_of = 0);
  /// What was put before still goes to the old file.
  void replace(AppendFile file);
  /// The same with a file that the thread opens, so that nobody waits for that either. `opened`
  /// runs on that thread when that is done. Where there is no thread, it does not run: the file is
  /// opened at once, and the result is returned. On an Error the old file stays in use.
  using Opened = std::function<void(const Result<int>& fd)>;
  std::optional<Result<int>> reopen(const std::function<Result<AppendFile>()>& open,
                                    const Opened& opened);
  /// For the log of a child: this one must not be used any more. Without a descriptor where
  /// reopen() has run in the background.
  AppendFile take_file();
  int fd() const;
  /// Of the caller's own: the thread may close the file at any time.
  Result<LingeringFd> duplicate_fd() const;
  std::size_t atomic_size_max() const;

  struct Losses {
    std::uint64_t lines = 0;   ///< that were taken, and turned out to be lost
    std::uint64_t untold = 0;  ///< of earlier losses, whose tellers were
  };
  /// Since the last time. Any thread.
  Losses take_losses() {
    return {.lines = losses_->lines.exchange(0, std::memory_order_relaxed),
            .untold = losses_->untold.exchange(0, std::memory_order_relaxed)};
  }
  /// Waits until all is written or lost, but no longer than this. True: it is.
  bool flush(milliseconds limit) const;
  /// The same, for kCrashTime, in a signal handler.
  void wait_in_crash() const noexcept;

 private:
  class Queue;
  struct SharedLosses {
    std::atomic<std::uint64_t> lines{0}, untold{0};
  };

  Result<void> start_queue(std::function<Result<AppendFile>()> open, Opened opened);
  void end_queue();

  std::shared_ptr<AppendFile> file_;  ///< null: what the queue's thread has opened
  bool is_torn_ = false;              ///< what was written at once ends within a line
  bool in_background_ = false;
  std::shared_ptr<Queue> queue_;  ///< shared with the thread, which may outlive this; null: none
  const std::shared_ptr<SharedLosses> losses_ = std::make_shared<SharedLosses>();
};

}  // namespace alicorn
