#include "server/config/log_settings.hpp"

#include "server/config/address_fields.hpp"
#include "server/config/special_fields.hpp"

namespace alicorn {
// A member of Config as an accessor that works for Config& and const Config&.
#define MEMBER(path) ([](auto& config) -> auto& { return config.path; })

std::vector<Setting> log_settings() {
  using log::Level;
  return {
      {"accesslog", "--access-logfile", Group::kLogs, Takes::kReload, "PATH",
       "Access log; -: standard output; empty: none", "SIGUSR1 reopens it.",
       text_field(MEMBER(worker.access_log.path), "a path")},
      {"access_log_format", "--access-logformat", Group::kLogs, Takes::kReload, "FORMAT",
       "Access log line, in Gunicorn's atoms",
       "docs/deployment.md lists the atoms that only Alicorn has.",
       text_field(MEMBER(worker.access_log.format), "text with %(...)s atoms")},
      {"errorlog", "--error-logfile", Group::kLogs, Takes::kReload, "PATH",
       "Error log; -: standard error", "SIGUSR1 reopens it.",
       text_field(MEMBER(error_log.path), "a path")},
      {"loglevel", "--log-level", Group::kLogs, Takes::kReload, "LEVEL",
       "debug, info, warning, error or critical", "",
       choice_field(MEMBER(error_log.level),
                    std::initializer_list<std::pair<std::string_view, Level>>{
                        {"debug", Level::kDebug},
                        {"info", Level::kInfo},
                        {"warning", Level::kWarning},
                        {"error", Level::kError},
                        {"critical", Level::kCritical}})},
      {"log_format", "--log-format", Group::kLogs, Takes::kReload, "HOW",
       "Format of both logs: text or json", "", log_format_field()},
      {"capture_output", "--capture-output", Group::kLogs, Takes::kReload, "",
       "Send what the application prints to the error log",
       "Standard output and standard error of the workers become the error log's file, or standard "
       "error. The lines stay as they are, without time and name, and do not go to syslog.",
       switch_field(MEMBER(worker.capture_output))},
  };
}

std::vector<Setting> monitoring_settings() {
  return {
      {"syslog", "--log-syslog", Group::kLogs, Takes::kReload, "", "Also send both logs to syslog",
       "The names are alicorn.NAME.error and alicorn.NAME.access. The access log is sent even if "
       "it has no file of its own. Lines that the daemon does not take are dropped, and the next "
       "line that it takes says how many.",
       switch_field(MEMBER(error_log.syslog.enabled))},
      {"syslog_addr", "--log-syslog-to", Group::kLogs, Takes::kReload, "ADDRESS",
       "Address of the syslog daemon: unix://PATH or udp://HOST:PORT",
       "Over UDP, lines have the form of RFC 5424; on a unix socket, the form that glibc uses. The "
       "host must be an IP address or localhost, because a resolver may block. The default port is "
       "514.",
       syslog_address_field()},
      {"syslog_prefix", "--log-syslog-prefix", Group::kLogs, Takes::kReload, "NAME",
       "NAME in syslog; empty: proc_name",
       "Blanks, colons and brackets in it become _; it is cut after 33 characters.",
       text_field(MEMBER(syslog_prefix), "a name")},
      {"syslog_facility", "--log-syslog-facility", Group::kLogs, Takes::kReload, "FACILITY",
       "user, daemon, local0 to local7, or another of syslog's", "", syslog_facility_field()},
      {"disable_redirect_access_to_syslog", "--disable-redirect-access-to-syslog", Group::kLogs,
       Takes::kReload, "", "Keep the access log out of syslog", "",
       switch_field(MEMBER(access_log_not_to_syslog))},
      {"statsd_host", "--statsd-host", Group::kLogs, Takes::kReload, "ADDRESS",
       "Send metrics to statsd: HOST:PORT or unix:PATH; empty: off",
       "Metrics are sent as datagrams. The host must be an IP address or localhost, because a "
       "resolver may block.",
       statsd_host_field()},
      {"statsd_prefix", "--statsd-prefix", Group::kLogs, Takes::kReload, "TEXT",
       "Prefix of the metric names; a dot follows it", "", statsd_prefix_field()},
      {"dogstatsd_tags", "--dogstatsd-tags", Group::kLogs, Takes::kReload, "TAGS",
       "Tags for DogStatsD, separated by commas", "", dogstatsd_tags_field()},
  };
}

#undef MEMBER

}  // namespace alicorn
