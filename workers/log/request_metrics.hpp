// A worker's metrics for statsd: the duration of each request, and the number of requests, statuses
// and log lines since the last sweep. Makes no system call: a separate thread sends them. Worker,
// I/O thread.
#pragma once

#include "base/log_line_counts.hpp"
#include "base/result.hpp"
#include "base/statsd.hpp"
#include "workers/log/log_writer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace alicorn {

class RequestMetrics {
 public:
  /// Starts the thread.
  static Result<std::unique_ptr<RequestMetrics>> start(const StatsdSettings& settings);
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;
  ~RequestMetrics() { flush(); }

  /// Allocates nothing at steady state.
  void count(int status, std::int64_t duration_us, bool app_failed);
  /// Passes the counters to the thread.
  void flush();

 private:
  static constexpr std::size_t kStatusesMax = 600;

  RequestMetrics(const StatsdSettings& settings, std::unique_ptr<LogWriter> writer)
      : lines_(settings), writer_(std::move(writer)) {}
  void append_count(std::string_view name, std::uint64_t& count);

  StatsdLines lines_;
  std::unique_ptr<LogWriter> writer_;
  std::string text_;
  std::uint64_t requests_ = 0;
  std::uint64_t failures_ = 0;
  std::array<std::uint64_t, kStatusesMax> statuses_{};
  LogLineCounts log_lines_;
};

}  // namespace alicorn
