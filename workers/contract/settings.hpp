// What a worker is told, as plain values. server/config fills them in; workers never see a key or a
// flag.
#pragma once

#include "base/clock.hpp"
#include "base/statsd.hpp"
#include "base/syslog.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace alicorn {

/// Every limit on what a client may send. Bytes unless said otherwise; reference: RFC 9112,
/// Gunicorn's defaults.
struct HttpLimits {
  std::uint32_t request_line_max = 8190;      ///< without its CRLF; over it: 414, or 501
  std::uint32_t field_size_max = 8190;        ///< one field line without its CRLF; over it: 431
  std::uint32_t field_count_max = 100;        ///< over it: 431
  std::uint32_t head_size_max = 65536;        ///< request line and all fields; over it: 431
  std::uint32_t trailer_size_max = 8190;      ///< all trailer fields of one body; over it: 400
  std::uint32_t chunk_extensions_max = 8190;  ///< all chunk extensions of one body; over it: 400
  std::uint64_t body_size_max = 16 << 20;     ///< over it: 413; 0: no limit
  std::uint64_t body_memory_max = 256 << 20;  ///< bodies of a worker together: wait; 0: no limit
};

/// Each deadline its own setting; zero switches it off.
struct Deadlines {
  /// Over which a rate is judged where the timeout beside it is off.
  static constexpr milliseconds kRateWindow{30'000};

  milliseconds header{30'000};  ///< from the first byte of a head (or the accept) to its end: 408
  milliseconds body{30'000};    ///< without one byte of an awaited body: 408
  /// Bytes a second of an awaited body, in each `body` of waiting (kRateWindow where that is off);
  /// slower: 408. Kestrel's default for both directions. The slowest line that is still sold,
  /// Iridium's with 2,400 bit/s, brings 300.
  std::uint32_t body_min_rate = 240;
  milliseconds request{0};       ///< the app's time: 504
  milliseconds silence{30'000};  ///< of a callback that holds its thread: 504, worker replaced
  milliseconds write{30'000};    ///< without the client taking one byte: closed
  /// Bytes a second of a response that waits for its client, in each `write` of waiting; slower:
  /// closed.
  std::uint32_t write_min_rate = 240;
  milliseconds keepalive{75'000};  ///< idle between two requests: closed
  milliseconds graceful{30'000};   ///< from TERM until what is left is cut
};

struct AccessLogSettings {
  std::string path;  ///< "": off; "-": standard output
  std::string format =
      R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")";  ///< Gunicorn's atoms
  bool json = false;
  SyslogSettings syslog{};  ///< where lines go besides, also without a path
};

/// What is kept of a request that crashed its worker.
struct CrashSettings {
  std::string directory;  ///< absolute in a worker; "": nothing is kept
  /// Names, in lower case, of fields whose values are masked.
  std::vector<std::string> redact{"authorization", "proxy-authorization", "cookie",
                                  "x-api-key",     "x-auth-token",        "x-csrf-token",
                                  "x-csrftoken",   "x-xsrf-token"};
  std::uint64_t body_size_max = 1 << 20;  ///< more of a body is left out; 0: no bodies
  std::uint32_t files_max = 100;          ///< in the directory; the oldest stay
};

struct WorkerSettings {
  std::string app_path;  ///< absolute, or as dlopen would take it
  std::string app_symbol = "alicorn_app_entry";
  std::vector<std::pair<std::string, std::string>>
      app_config;             ///< flattened `app:` section: "database.url", "origins.0"
  std::uint32_t threads = 1;  ///< app callbacks that may run at once
  std::uint32_t connections_max = 1000;
  std::uint64_t requests_max = 0;     ///< recycle the worker after so many; 0: never
  std::uint64_t requests_jitter = 0;  ///< plus a random number up to this
  std::uint64_t rss_max = 0;          ///< or when so many bytes are resident; 0: never
  milliseconds age_max{0};            ///< or at this age, or a tenth earlier at random; 0: never
  bool sendfile = true;
  std::string server_header = "alicorn";                             ///< "": none
  std::vector<std::string> forwarded_allow_ips{"127.0.0.1", "::1"};  ///< IPs, CIDRs or "*"
  std::vector<std::pair<std::string, std::string>> secure_scheme_headers{
      {"x-forwarded-proto", "https"}, {"x-forwarded-protocol", "ssl"}, {"x-forwarded-ssl", "on"}};
  /// What becomes of a field whose name has an underscore: CGI-style names would let it pose as
  /// another.
  enum class HeaderMap { kDrop, kRefuse, kDangerous } header_map = HeaderMap::kDrop;
  HttpLimits limits;
  Deadlines deadlines;
  AccessLogSettings access_log;
  StatsdSettings statsd{};
  bool capture_output = false;  ///< the app's standard output and error go to the error log's file
  CrashSettings crash;
};

}  // namespace alicorn
