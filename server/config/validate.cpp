#include "server/config/validate.hpp"

#include "base/append_file.hpp"
#include "workers/worker.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace alicorn {
namespace {

/// Whether `all` covers `one`: the kernel lets only one of them listen. The families must match,
/// because [::] makes room for IPv4 addresses.
bool is_within(const Address& all, const Address& one) {
  return all.is_any() && all.family() == one.family() && all.port() == one.port();
}

Result<void> check_binds(const Config& config) {
  for (auto bind = config.binds.begin(); bind != config.binds.end(); ++bind) {
    // The kernel chooses a different port for each port 0.
    if (bind->kind() == Address::Kind::kInet && bind->port() == 0) continue;
    if (std::find(std::next(bind), config.binds.end(), *bind) != config.binds.end()) {
      return fail("bind names " + bind->text() + " twice");
    }
    for (const Address& other : config.binds) {
      if (&other == &*bind || !is_within(*bind, other)) continue;
      return fail("bind names " + other.text() + " beside " + bind->text() +
                  ", which includes it: leave one of them out");
    }
  }
  return {};
}

Result<void> check_recycling(const WorkerSettings& worker) {
  if (worker.requests_jitter > 0 && worker.requests_max == 0) {
    return fail("max_requests_jitter has no effect without max_requests");
  }
  if (worker.requests_max > std::numeric_limits<std::uint64_t>::max() - worker.requests_jitter) {
    return fail("max_requests and max_requests_jitter together exceed 64 bits");
  }
  return {};
}

bool is_stream(const std::string& path) {
  return path == "-" || AppendFile::standard_stream(path);
}

Result<void> check_logs(const Config& config) {
  const AccessLogSettings& access_log = config.worker.access_log;
  const log::Settings& log = config.error_log;
  if (log.path.empty()) {
    return fail("errorlog must be a path, or - for standard error, not \"\"");
  }
  if (config.daemon && is_stream(access_log.path)) {
    return fail("accesslog \"" + access_log.path +
                "\" contradicts daemon: a daemon has no standard streams");
  }
  if (config.daemon && is_stream(log.path) && !log.syslog.enabled) {
    return fail("errorlog \"" + log.path +
                "\" contradicts daemon: a daemon has no standard streams, and every line would be "
                "lost; name a file, or set syslog");
  }
  if (config.worker.capture_output && !is_stream(log.path) && is_stream(access_log.path)) {
    return fail("accesslog \"" + access_log.path +
                "\" contradicts capture_output: standard output becomes the file of errorlog");
  }
  if (config.worker.statsd.enabled) {
    // Longer ones would not fit into one datagram.
    if (config.worker.statsd.prefix.size() + config.worker.statsd.tags.size() > 1024) {
      return fail("statsd_prefix and dogstatsd_tags together are longer than 1024 bytes");
    }
  }
  return {};
}

/// "-" means a standard stream only for logs.
Result<void> check_no_stream(std::string_view key, const std::string& path) {
  if (path != "-") return {};
  return fail(std::string(key) + " must be a path: - means a stream only for logs");
}

/// The kernel's limit, minus the suffix of the temporary name that take_over() uses.
Result<void> check_control_socket(const std::string& path) {
  constexpr std::size_t kPathMax = 96;
  if (path.size() <= kPathMax) return {};
  return fail("control_socket must be a path of at most " + std::to_string(kPathMax) +
              " bytes, not \"" + path + '"');
}

Result<void> check_headers(const WorkerSettings& worker) {
  const auto is_visible = [](char c) { return c >= ' ' && c <= '~'; };
  const std::string& server = worker.server_header;
  if (!std::all_of(server.begin(), server.end(), is_visible)) {
    return fail("server_header must hold only visible ASCII characters");
  }
  for (const auto& [name, value] : worker.secure_scheme_headers) {
    const bool is_dropped = name.find('_') != std::string::npos &&
                            worker.header_map != WorkerSettings::HeaderMap::kDangerous;
    if (!is_dropped && name != "proxy") continue;
    return fail("secure_scheme_headers names " + name + ", but " +
                (is_dropped ? "fields with a _ never get past header_map"
                            : "that field is always dropped") +
                ": it would have no effect");
  }
  return {};
}

}  // namespace

Result<void> validate(const Config& config) {
  if (auto binds = check_binds(config); !binds) return binds;
  if (auto recycling = check_recycling(config.worker); !recycling) return recycling;
  if (auto logs = check_logs(config); !logs) return logs;
  if (auto path = check_no_stream("pidfile", config.pidfile); !path) return path;
  if (auto path = check_no_stream("crash_dir", config.worker.crash.directory); !path) return path;
  if (auto path = check_no_stream("control_socket", config.control_socket); !path) return path;
  if (auto control = check_control_socket(config.control_socket); !control) return control;
  if (auto headers = check_headers(config.worker); !headers) return headers;
  return check_settings(config.worker);
}

Result<void> require_application(const Config& config) {
  if (!config.worker.app_path.empty()) return {};
  return fail("no application given: alicorn [OPTIONS] APP.so[:SYMBOL]");
}

}  // namespace alicorn
