// A thread that writes log lines in batches, so that a slow or stuck target never stops the threads
// that log. Worker.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "workers/log/log_target.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace alicorn {

class LogWriter {
 public:
  static constexpr std::size_t kBufferMax = std::size_t{1} << 20;
  /// Time that the first line of a batch waits for more lines.
  static constexpr milliseconds kGatherTime{50};
  /// Time that a crash waits for the thread, which keeps running, to write the pending lines.
  static constexpr milliseconds kCrashTime = kGatherTime + milliseconds(50);

  /// `name` is the name of this log in the error log: "access log". `lost` counts lost lines; it
  /// must stay valid as long as the process lives.
  static Result<std::unique_ptr<LogWriter>> start(std::unique_ptr<LogTarget> target,
                                                  std::string_view name,
                                                  std::atomic<std::uint64_t>* lost = nullptr);
  /// Writes pending lines for at most a second. A thread that is stuck in a write is left behind.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// `line` includes its line end. Any thread may call this. Never waits for the target: if the
  /// buffer is full, the line is dropped and counted.
  void append(std::string_view line);
  /// Reopens the path as soon as the lines appended before have been written. On failure the error
  /// log reports it, and the old file stays in use.
  void reopen();
  /// Main thread, before it runs any app code: lines appended before a crash will be written within
  /// kCrashTime or count as lost.
  void write_on_crash();
  /// Up to this many bytes of a line are not mixed with lines of other processes.
  std::size_t line_size_max() const { return line_size_max_; }

 private:
  class Task;

  LogWriter(std::shared_ptr<Task> task, std::size_t line_size_max);

  std::shared_ptr<Task> task_;  // shared with the thread, which may outlive us
  std::thread thread_;
  std::size_t line_size_max_;
};

}  // namespace alicorn
