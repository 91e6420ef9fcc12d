// The settings of a worker, as plain values. server/config fills them in; workers never see a key
// or a flag.
#pragma once

#include "base/clock.hpp"
#include "base/statsd.hpp"
#include "base/syslog.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace alicorn {

/// Every limit on what a client may send, in bytes unless stated otherwise. The values follow RFC
/// 9112 and Gunicorn's defaults.
struct HttpLimits {
  std::uint32_t request_line_max = 8190;      ///< without its CRLF; over it: 414, or 501
  std::uint32_t field_size_max = 8190;        ///< one field line without its CRLF; over it: 431
  std::uint32_t field_count_max = 100;        ///< over it: 431
  std::uint32_t head_size_max = 65536;        ///< request line and all fields; over it: 431
  std::uint32_t trailer_size_max = 8190;      ///< all trailer fields of one body; over it: 400
  std::uint32_t chunk_extensions_max = 8190;  ///< all chunk extensions of one body; over it: 400
  std::uint64_t body_size_max = 16 << 20;     ///< over it: 413; 0: no limit
  std::uint64_t body_memory_max = 256
                                  << 20;  ///< all bodies of a worker; over it: wait; 0: no limit
  std::uint64_t body_disk_max = std::uint64_t{1} << 30;  ///< all files of a worker; over it: 503
  std::uint64_t body_memory_each = 65536;  ///< one body; the rest goes to a file; 0: nothing does
};

/// One setting per deadline. Zero switches a deadline off.
struct Deadlines {
  /// The window for a minimum rate if the timeout that normally sets the window is off.
  static constexpr milliseconds kRateWindow{30'000};

  milliseconds header{30'000};  ///< from the first byte of a head (or the accept) to its end: 408
  milliseconds body{30'000};    ///< to wait for the next byte of a body: 408
  /// Minimum bytes per second while a body is awaited, averaged over `body` of waiting (kRateWindow
  /// if that is off). A slower client gets 408. The value is Kestrel's default for both directions.
  /// The slowest line still sold, Iridium at 2,400 bit/s, delivers 300.
  std::uint32_t body_min_rate = 240;
  milliseconds request{0};       ///< for the app to answer: 504
  milliseconds silence{30'000};  ///< a callback holds its thread: 504, worker replaced
  milliseconds write{30'000};    ///< for the client to take a byte: closed
  /// Minimum bytes per second while a response waits for its client, averaged over `write` of
  /// waiting. A slower client is disconnected.
  std::uint32_t write_min_rate = 240;
  milliseconds keepalive{75'000};  ///< idle between two requests: closed
  milliseconds graceful{30'000};   ///< from TERM until the remaining requests are cut
};

struct AccessLogSettings {
  std::string path;  ///< "": off; "-": standard output
  std::string format =
      R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s")";  ///< Gunicorn's atoms
  bool json = false;
  SyslogSettings syslog{};  ///< additional target, also if the path is empty
};

/// How a request that crashed its worker is kept.
struct CrashSettings {
  std::string directory;  ///< absolute in a worker; "": keep nothing
  /// Names of fields whose values are masked, in lower case.
  std::vector<std::string> redact{"authorization", "proxy-authorization", "cookie",
                                  "x-api-key",     "x-auth-token",        "x-csrf-token",
                                  "x-csrftoken",   "x-xsrf-token"};
  std::uint64_t body_size_max = 1 << 20;  ///< a longer body is cut; 0: no bodies
  std::uint32_t files_max = 100;          ///< most files in the directory; the oldest stay
};

/// A Python application. The shared library is then the bridge that serves it.
struct PythonSettings {
  std::string application;        ///< "mysite.wsgi:application"; "": the app is a native one
  std::string venv;               ///< absolute folder of a virtual environment; "": none
  std::vector<std::string> path;  ///< absolute folders that are searched for modules first
  std::vector<std::string> preload_requests;  ///< paths or URLs that are asked for in advance
  /// "/static/", and an absolute folder with the files that are sent under it.
  std::vector<std::pair<std::string, std::string>> static_files;
};

struct WorkerSettings {
  std::string app_path;  ///< absolute, or a name for dlopen
  std::string app_symbol = "alicorn_app_entry";
  std::vector<std::pair<std::string, std::string>>
      app_config;  ///< flattened `app:` section: "database.url", "origins.0"
  PythonSettings python{};
  std::uint32_t threads = 1;  ///< most callbacks that run at once
  std::uint32_t connections_max = 1000;
  std::uint64_t requests_max = 0;     ///< recycle the worker after this many; 0: never
  std::uint64_t requests_jitter = 0;  ///< plus a random number up to this one
  std::uint64_t rss_max = 0;          ///< or at this resident size, in bytes; 0: never
  milliseconds age_max{0};            ///< or at this age, up to a tenth earlier; 0: never
  bool sendfile = true;
  bool hand_over = true;                  ///< workers hand clients to each other
  std::string mount;                      ///< the paths' part in front of the app's own; "": none
  std::string server_header = "alicorn";  ///< "": no such field
  bool forwarded_prefix = false;          ///< trusted proxies name the mount
  std::vector<std::string> forwarded_allow_ips{"127.0.0.1", "::1"};  ///< IPs, CIDRs or "*"
  std::vector<std::pair<std::string, std::string>> secure_scheme_headers{
      {"x-forwarded-proto", "https"}, {"x-forwarded-protocol", "ssl"}, {"x-forwarded-ssl", "on"}};
  /// What to do with a field whose name has an underscore: CGI-style names would let it pose as
  /// another field.
  enum class HeaderMap { kDrop, kRefuse, kDangerous } header_map = HeaderMap::kDrop;
  HttpLimits limits;
  std::string body_directory = "/var/tmp";  ///< for bodies larger than body_memory_each; absolute
  Deadlines deadlines;
  AccessLogSettings access_log;
  StatsdSettings statsd{};
  bool capture_output = false;  ///< send the app's stdout and stderr to the error log's file
  CrashSettings crash;

  /// The application as its operator names it.
  const std::string& app_name() const {
    return python.application.empty() ? app_path : python.application;
  }
};

}  // namespace alicorn
