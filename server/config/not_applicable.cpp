#include "server/config/settings_table.hpp"

#include <array>

namespace alicorn {
namespace {

struct Absent {
  std::string_view name;  ///< a trailing '*' matches every name with this beginning
  std::string_view why;
};

constexpr std::string_view kTls = "TLS belongs to the server in front (see conf/nginx.conf)";

constexpr std::array kAbsent = {
    Absent{"paste", "name the application with application, as MODULE:CALLABLE"},
    Absent{"wsgi_app", "name the application with application"},
    Absent{"logger_class", "both logs are built in; see log_format"},
    Absent{"logconfig*", "both logs are built in; see errorlog, loglevel and log_format"},
    Absent{"spew", "it traces a Python interpreter"},
    Absent{"worker_class",
           "there is one kind of worker, with threads; gevent, eventlet, tornado and "
           "ASGI are not offered"},
    Absent{"default_proc_name", "see proc_name"},
    Absent{"asgi_*", "Python applications are called by WSGI"},
    Absent{"http_parser", "there is one parser"},
    Absent{"permit_obsolete_folding", "folded fields are always refused"},
    Absent{"strip_header_spaces", "spaces before a colon are always refused"},
    Absent{"casefold_http_method", "methods are case-sensitive"},
    Absent{"tmp_upload_dir", "see body_dir"},
    Absent{"certfile", kTls},
    Absent{"keyfile", kTls},
    Absent{"ca_certs", kTls},
    Absent{"cert_reqs", kTls},
    Absent{"ciphers", kTls},
    Absent{"ssl_version", kTls},
    Absent{"do_handshake_on_connect", kTls},
    Absent{"suppress_ragged_eofs", kTls},
    Absent{"reload_engine", "reload uses inotify"},
    Absent{"reload_extra_files", "reload follows Python's sources; for other files send SIGHUP"},
    Absent{"proxy_protocol", "let the proxy send X-Forwarded-For"},
    Absent{"proxy_allow_ips", "let the proxy send X-Forwarded-For; see forwarded_allow_ips"},
    Absent{"forwarder_headers", "see header_map and mount"},
    Absent{"initgroups", "it is always on: the groups of user"},
    Absent{"worker_tmp_dir", "a worker shows in shared memory that it lives"},
    Absent{"enable_stdio_inheritance", "see capture_output"},
    Absent{"permit_unconventional_http_*", "what HTTP allows is taken, and nothing else"},
    Absent{"tolerate_dangerous_framing", "such requests are always refused"},
    Absent{"dirty_*", "there are only HTTP workers"},
};

bool matches(std::string_view pattern, std::string_view key) {
  if (!pattern.ends_with('*')) return key == pattern;
  return key.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

std::string not_applicable(std::string_view key) {
  for (const Absent& absent : kAbsent) {
    if (!matches(absent.name, key)) continue;
    return std::string(key).append(" does not apply to Alicorn: ").append(absent.why);
  }
  return {};
}

}  // namespace alicorn
