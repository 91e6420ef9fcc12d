#include "server/config/no_effect.hpp"

#include "server/config/settings_table.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <sys/socket.h>

namespace alicorn {
namespace {

struct Dependence {
  std::string_view key;
  std::string_view why;
  bool (*is_idle)(const Config&);
};

bool has_no_crash_folder(const Config& config) {
  return config.worker.crash.directory.empty();
}
bool has_no_syslog(const Config& config) {
  return !config.error_log.syslog.enabled;
}
bool has_no_statsd(const Config& config) {
  return !config.worker.statsd.enabled;
}
bool has_no_hook(const Config& config) {
  return std::all_of(config.hooks.words.begin(), config.hooks.words.end(),
                     [](const auto& words) { return words.empty(); });
}
bool has_no_access_log(const Config& config) {
  const bool goes_to_syslog = config.error_log.syslog.enabled && !config.access_log_not_to_syslog;
  return config.worker.access_log.path.empty() && !goes_to_syslog;
}
bool logs_json(const Config& config) {
  return config.worker.access_log.json;
}
bool has_no_any6(const Config& config) {
  return std::none_of(config.binds.begin(), config.binds.end(), [](const Address& bind) {
    return bind.is_any() && bind.family() == AF_INET6;
  });
}
bool opens_no_tcp(const Config& config) {
  return std::all_of(config.binds.begin(), config.binds.end(), [](const Address& bind) {
    return bind.kind() == Address::Kind::kInherited || bind.is_unix();
  });
}
bool opens_nothing(const Config& config) {
  return std::all_of(config.binds.begin(), config.binds.end(),
                     [](const Address& bind) { return bind.kind() == Address::Kind::kInherited; });
}

bool keeps_bodies(const Config& config) {
  return config.worker.limits.body_memory_each == 0;
}

bool is_native(const Config& config) {
  return config.worker.python.application.empty();
}

constexpr std::array kDependences = {
    Dependence{"pythonpath", "the application is not a Python module", is_native},
    Dependence{"preload_requests", "the application is not a Python module", is_native},
    Dependence{"static", "the application is not a Python module", is_native},
    Dependence{"venv", "the application is not a Python module", is_native},
    Dependence{"body_dir", "body_memory_each is 0, so no body goes to a file", keeps_bodies},
    Dependence{"crash_redact", "crash_dir is not set", has_no_crash_folder},
    Dependence{"crash_body_size", "crash_dir is not set", has_no_crash_folder},
    Dependence{"crash_files", "crash_dir is not set", has_no_crash_folder},
    Dependence{"syslog_addr", "syslog is off", has_no_syslog},
    Dependence{"syslog_prefix", "syslog is off", has_no_syslog},
    Dependence{"syslog_facility", "syslog is off", has_no_syslog},
    Dependence{"disable_redirect_access_to_syslog", "syslog is off", has_no_syslog},
    Dependence{"statsd_prefix", "statsd_host is not set", has_no_statsd},
    Dependence{"dogstatsd_tags", "statsd_host is not set", has_no_statsd},
    Dependence{"hook_timeout", "there are no hooks", has_no_hook},
    Dependence{"access_log_format", "there is no access log", has_no_access_log},
    Dependence{"access_log_format", "log_format json has its own members", logs_json},
    Dependence{"bind_ipv6_only", "bind names no [::] address", has_no_any6},
    Dependence{"backlog", "bind names only inherited descriptors, whose queues already exist",
               opens_nothing},
    Dependence{"tcp_defer_accept", "bind names no TCP address that the server opens itself",
               opens_no_tcp},
    Dependence{"reuse_port", "bind names no TCP address that the server opens itself",
               opens_no_tcp},
};

}  // namespace

std::vector<std::string> without_effect(const Config& config, const Sources& sources) {
  std::vector<std::string> sentences;
  std::string_view last;
  const Config defaults = default_config();
  for (const Dependence& row : kDependences) {
    if (row.key == last || !row.is_idle(config)) continue;
    const Field& field = find_setting(row.key)->field;
    if (field.get(config) == field.get(defaults)) continue;
    // These are set for every program.
    const auto source = sources.find(row.key);
    const bool is_given =
        source == sources.end() || (source->second != "VIRTUAL_ENV" && source->second != "TMPDIR");
    if (!is_given) continue;
    last = row.key;
    const std::string sentence = std::string(row.key).append(" has no effect: ").append(row.why);
    sentences.push_back(named_by_source({{}, sentence}, sources).text());
  }
  return sentences;
}

}  // namespace alicorn
