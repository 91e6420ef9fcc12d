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
    Absent{"worker_class", "the application itself says how it may be called; see threads"},
    Absent{"asgi_*", "Python applications are called by WSGI"},
    Absent{"http_parser", "there is one parser"},
    Absent{"permit_obsolete_folding", "folded fields are always refused"},
    Absent{"strip_header_spaces", "spaces before a colon are always refused"},
    Absent{"casefold_http_method", "methods are case-sensitive"},
    Absent{"tmp_upload_dir", "bodies are streamed to the application"},
    Absent{"certfile", kTls},
    Absent{"keyfile", kTls},
    Absent{"ca_certs", kTls},
    Absent{"cert_reqs", kTls},
    Absent{"ciphers", kTls},
    Absent{"ssl_version", kTls},
    Absent{"do_handshake_on_connect", kTls},
    Absent{"suppress_ragged_eofs", kTls},
    Absent{"reload*",
           "no file is watched; SIGHUP or `alicorn ctl reload` loads the application again"},
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
