// One line per request, in Gunicorn's atoms or as JSON, and its figures for statsd. Formatted on
// the I/O thread, written by threads of their own, one for each target, so that a slow or full disk
// or a stuck reader of a pipe never stops serving. Worker.
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

/// What one line can tell. All views are borrowed for the call.
struct AccessRecord {
  std::string_view remote_address{};
  /// Raw, of a request that could not be parsed; else it is made from `request`.
  std::string_view request_line{};
  const HttpRequest* request = nullptr;  ///< null: not parsed
  std::string_view response_head{};      ///< serialised fields, for %({name}o)s
  const std::vector<std::pair<std::string, std::string>>* annotations =
      nullptr;  ///< for %({name}e)s
  std::string_view request_id{};
  std::string_view scheme{};
  int status = 0;
  /// That left. Of a response that was cut, what its framing took counts as well.
  std::uint64_t body_bytes_sent = 0;
  CutReason cut = CutReason::kNone;
  std::uint64_t bytes_received = 0;
  std::int64_t duration_us =
      0;  ///< from the first byte of the head to the last byte handed to the kernel
  std::int64_t queue_us = 0;       ///< waited for an app thread
  std::int64_t first_byte_us = 0;  ///< until the response's first byte
  bool app_failed = false;         ///< the answer is a 500 of the server's own
};

/// What a worker's access log has from its master.
struct AccessLogTies {
  LingeringFd file{};  ///< that of the path, opened before the fork; none: the log opens it itself
  std::atomic<std::uint64_t>* lost = nullptr;  ///< counts lines, for as long as the process lives
};

class AccessLog {
 public:
  /// Parses the format (an unknown atom is an Error), starts the writer threads. Without a path,
  /// syslog and statsd it is off and costs nothing.
  static Result<std::unique_ptr<AccessLog>> open(const AccessLogSettings& settings,
                                                 const StatsdSettings& statsd = {},
                                                 AccessLogTies ties = {});
  virtual ~AccessLog() = default;  ///< writes what is left, waiting at most 1 s for each target
  virtual bool enabled() const = 0;
  virtual void write(const AccessRecord& record) = 0;  ///< no allocation at steady state
  virtual void sweep() = 0;                            ///< now and then: what is counted is sent
  virtual Result<void> reopen() = 0;
  /// Main thread, before it runs anything of the app: lines from before a crash are written, too.
  virtual void write_on_crash() = 0;
  /// Is the format right? For --check-config. The Error says what is wrong and where.
  static Result<void> check_format(std::string_view format);
};

}  // namespace alicorn
