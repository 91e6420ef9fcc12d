// Writes one line per request, in Gunicorn's format or as JSON, and sends the request's figures to
// statsd. Lines are formatted on the I/O thread and written by separate threads, one per target, so
// that a slow or full disk or a stuck pipe reader never stops the worker from serving. Worker.
#pragma once

#include "base/lingering_fd.hpp"
#include "base/result.hpp"
#include "workers/contract/settings.hpp"
#include "workers/http/request.hpp"
#include "workers/log/cut_reason.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// The content of one line. All views are borrowed for the call.
struct AccessRecord {
  std::string_view remote_address{};
  /// The raw line of a request that could not be parsed. Otherwise the line is made from `request`.
  std::string_view request_line{};
  const HttpRequest* request = nullptr;  ///< null if the request was not parsed
  std::string_view response_head{};      ///< serialised fields, for %({name}o)s
  const std::vector<std::pair<std::string, std::string>>* annotations =
      nullptr;  ///< for %({name}e)s
  std::string_view request_id{};
  std::string_view scheme{};
  int status = 0;
  /// Bytes that were sent. For a response that was cut, this includes its framing.
  std::uint64_t body_bytes_sent = 0;
  CutReason cut = CutReason::kNone;
  std::uint64_t bytes_received = 0;
  std::int64_t duration_us =
      0;  ///< from the first byte of the head to the last byte handed to the kernel
  std::int64_t queue_us = 0;       ///< waited for an app thread
  std::int64_t first_byte_us = 0;  ///< until the response's first byte
  std::uint32_t handed_over = 0;   ///< how often it went to another worker before it was served
  bool app_failed = false;         ///< the answer is a 500 of the server's own
};

/// What a worker's access log gets from its master.
struct AccessLogTies {
  LingeringFd file{};  ///< the log file, opened before the fork; if empty, the log opens it
  std::atomic<std::uint64_t>* lost = nullptr;  ///< counts lost lines; never freed
};

class AccessLog {
 public:
  /// Parses the format (an unknown atom is an Error) and starts the writer threads. Without a path,
  /// syslog and statsd the log is off and costs nothing.
  static Result<std::unique_ptr<AccessLog>> open(const AccessLogSettings& settings,
                                                 const StatsdSettings& statsd = {},
                                                 AccessLogTies ties = {});
  virtual ~AccessLog() = default;  ///< writes pending lines, waits at most 1 s per target
  virtual bool enabled() const = 0;
  /// What a line needs that somebody must keep for it.
  struct Wants {
    bool response_head = false;
    bool first_byte_time = false;
  };
  virtual Wants wants() const = 0;
  virtual void write(const AccessRecord& record) = 0;  ///< no allocation at steady state
  virtual void sweep() = 0;                            ///< sends the counters; called now and then
  virtual Result<void> reopen() = 0;
  /// Main thread, before it runs any app code: lines from before a crash will be written, too.
  virtual void write_on_crash() = 0;
  /// Checks the format, for --check-config. The Error says what is wrong and where.
  static Result<void> check_format(std::string_view format);
};

}  // namespace alicorn
