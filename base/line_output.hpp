// Writes the lines of an error log. After write_in_background() a dedicated thread writes to a
// regular file, whose disk may stall for seconds, and to a terminal, which nobody may be reading.
// The threads that log then never wait for either. Lines for pipes and sockets are written at once:
// those writes never wait for the reader anyway. Used in any process.
//
// In the master this thread only makes system calls: it allocates no memory, reads no time zone,
// and takes no lock except that of its queue. The master may therefore fork at any time, even while
// the thread is stuck in a write. A child takes the file with take_file() and never touches its
// parent's queue.
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
  /// Bytes of lines that may wait for the disk. Further lines are lost.
  static constexpr std::size_t kQueueMax = std::size_t{1} << 20;
  /// Time that a crash waits for the lines that were put before it.
  static constexpr milliseconds kCrashTime{100};

  explicit LineOutput(AppendFile file);
  /// The lines put so far are still written, by a thread that is left behind.
  ~LineOutput();
  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;

  /// Starts the thread for this file and for those that replace it. If no thread can be started,
  /// lines are written as before and the Error says why.
  Result<void> write_in_background();
  /// Takes a whole line. False: the line is lost. May run neither on two threads at once nor beside
  /// the calls below. `tells_of` is the number of lost lines that this line reports. If this line
  /// is lost as well, take_losses() returns that number again.
  bool put(std::string_view line, std::uint64_t tells_of = 0);
  /// Lines put before this call still go to the old file.
  void replace(AppendFile file);
  /// The same for a file that the thread opens, so that no caller waits for that either. `opened`
  /// runs on that thread afterwards. Without a thread the file is opened at once, the result is
  /// returned, and `opened` does not run. On an Error the old file stays in use.
  using Opened = std::function<void(const Result<int>& fd)>;
  std::optional<Result<int>> reopen(const std::function<Result<AppendFile>()>& open,
                                    const Opened& opened);
  /// Gives the file to the log of a child; this object must not be used afterwards. The file has no
  /// descriptor if reopen() ran in the background.
  AppendFile take_file();
  int fd() const;
  /// A descriptor of the caller's own, because the thread may close the file at any time.
  Result<LingeringFd> duplicate_fd() const;
  std::size_t atomic_size_max() const;

  struct Losses {
    std::uint64_t lines = 0;   ///< accepted by put(), then lost
    std::uint64_t untold = 0;  ///< losses whose report was lost as well
  };
  /// Losses since the last call. Any thread may call this.
  Losses take_losses() {
    return {.lines = losses_->lines.exchange(0, std::memory_order_relaxed),
            .untold = losses_->untold.exchange(0, std::memory_order_relaxed)};
  }
  /// Waits until every line is written or lost, but at most for `limit`. True: no line is left.
  bool flush(milliseconds limit) const;
  /// The same in a signal handler, for kCrashTime.
  void wait_in_crash() const noexcept;

 private:
  class Queue;
  struct SharedLosses {
    std::atomic<std::uint64_t> lines{0}, untold{0};
  };

  Result<void> start_queue(std::function<Result<AppendFile>()> open, Opened opened);
  void end_queue();

  std::shared_ptr<AppendFile> file_;  ///< null if the queue's thread opened the file
  bool is_torn_ = false;              ///< the last direct write ended within a line
  bool in_background_ = false;
  std::shared_ptr<Queue> queue_;  ///< shared with the thread, which may outlive us; may be null
  const std::shared_ptr<SharedLosses> losses_ = std::make_shared<SharedLosses>();
};

}  // namespace alicorn
