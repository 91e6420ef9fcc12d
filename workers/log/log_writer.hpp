// A thread that writes lines to a log in batches, so that a slow or stuck target never stops who
// logs them. Worker.
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
  /// The first line of a batch waits this long for more.
  static constexpr milliseconds kGatherTime{50};
  /// A crash waits this long for the thread, which runs on meanwhile, to write what is there.
  static constexpr milliseconds kCrashTime = kGatherTime + milliseconds(50);

  /// `name` is how the error log calls it: "access log". `lost`: counts the lines that are, for as
  /// long as the process lives.
  static Result<std::unique_ptr<LogWriter>> start(std::unique_ptr<LogTarget> target,
                                                  std::string_view name,
                                                  std::atomic<std::uint64_t>* lost = nullptr);
  /// Writes what is left, for at most a second: a thread that is stuck in a write is left behind.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// With its line end. Any thread; never waits for the target. Dropped, and counted, when the
  /// buffer is full.
  void append(std::string_view line);
  /// The path anew, as soon as what was appended before is written. Where that fails the error log
  /// says so, and the old file stays in use.
  void reopen();
  /// Main thread, before it runs anything of the app: what was appended before a crash is written
  /// within kCrashTime, or counts as lost.
  void write_on_crash();
  /// Up to so many bytes of a line leave unmixed with those of other processes.
  std::size_t line_size_max() const { return line_size_max_; }

 private:
  class Task;

  LogWriter(std::shared_ptr<Task> task, std::size_t line_size_max);

  std::shared_ptr<Task> task_;  // shared with the thread, which may outlive this
  std::thread thread_;
  std::size_t line_size_max_;
};

}  // namespace alicorn
