#include "server/config/settings_table.hpp"

#include "server/config/log_settings.hpp"
#include "server/config/special_fields.hpp"
#include "workers/contract/sizes.hpp"

#include <limits>

namespace alicorn {
namespace {

constexpr std::uint64_t kAnyCount = std::numeric_limits<std::uint64_t>::max();
constexpr milliseconds kMoment{1};
constexpr milliseconds kDay{24 * 3'600'000};
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kTiB = 1ULL << 40;
using Shape = Field::Shape;

// A member of Config as an accessor that works for Config& and const Config&.
#define MEMBER(path) ([](auto& config) -> auto& { return config.path; })

std::vector<Setting> application_settings() {
  return {
      {"application", "", Group::kApplication, Takes::kReload, "APP.so[:SYMBOL]",
       "Shared library to serve, and its entry point",
       "The argument of the command line wins over it. The symbol is alicorn_app_entry unless the "
       "application exports another one.",
       application_field()},
      {"app", "", Group::kApplication, Takes::kReload, "",
       "Free section that is handed to the application",
       "YAML of any shape. The application reads it by flattened names, \"database.url\", "
       "\"origins.0\", "
       "and each value as the text that stands there: 0x10, 010 and yes are no numbers or switches "
       "before the application makes them so. A dot in a name is the same as one level more. An "
       "empty list is an empty text under its own name. Anchors and aliases work; merge keys (<<) "
       "and tags (!env, !!binary) are refused, here and in the rest of the file.",
       named_texts_field(MEMBER(worker.app_config), Shape::kTree, "a map")},
  };
}

std::vector<Setting> listening_settings() {
  return {
      {"bind", "-b,--bind", Group::kListening, Takes::kReload, "ADDRESS",
       "HOST:PORT, [V6]:PORT, unix:PATH, fd://N; repeatable",
       "The environment variable PORT makes 0.0.0.0:$PORT the default. Port 0 lets the kernel "
       "choose. [::]:PORT takes IPv4 clients, too, who keep their IPv4 address in logs and for the "
       "application; beside an IPv4 address of the same port it takes IPv6 alone (see "
       "bind_ipv6_only). A unix socket is created with mode 0660; unix:@NAME is an abstract one. "
       "Sockets from systemd (LISTEN_FDS) and fd://N are used as they were made; those from "
       "systemd "
       "stand in for all addresses here.",
       binds_field()},
      {"bind_ipv6_only", "--bind-ipv6-only", Group::kListening, Takes::kRestart, "",
       "[::]:PORT takes no IPv4 clients",
       "Without it [::]:PORT serves both families, whatever net.ipv6.bindv6only says, unless bind "
       "names an IPv4 address of that port. Sockets from systemd have BindIPv6Only= for this.",
       switch_field(MEMBER(bind_ipv6_only))},
      {"backlog", "--backlog", Group::kListening, Takes::kReload, "N",
       "Connections that may wait to be accepted", "The kernel caps it at net.core.somaxconn.",
       count_field(MEMBER(backlog), 1, 65'535)},
  };
}

static_assert(kCallsMax == 8'192, "the text of worker_connections names it");

std::vector<Setting> worker_settings() {
  return {
      {"workers", "-w,--workers", Group::kWorkers, Takes::kReload, "N", "Worker processes",
       "The environment variable WEB_CONCURRENCY changes the default.",
       count_field(MEMBER(workers), 1, kWorkersMax)},
      {"threads", "--threads", Group::kWorkers, Takes::kReload, "N",
       "Calls of the application at once in a worker",
       "With 1 the application need not be thread-safe. Applications that never block (loop) are "
       "always called by one thread.",
       count_field(MEMBER(worker.threads), 1, 1024)},
      {"worker_connections", "--worker-connections", Group::kWorkers, Takes::kReload, "N",
       "Open connections per worker",
       "At the limit a worker closes those that have been idle for longest, at least a second, for "
       "clients that wait; where there are none, it stops accepting. Allow for more than the "
       "proxies in front keep open. Each takes a descriptor: RLIMIT_NOFILE (LimitNOFILE=) must "
       "allow for them. No more than 8192 requests of a worker are in the application at the same "
       "time: then it stops, too, and answers others with 503. If none of them is completed, the "
       "log says so, and a worker whose clients have left is replaced.",
       count_field(MEMBER(worker.connections_max), 1, 1'000'000)},
      {"max_requests", "--max-requests", Group::kWorkers, Takes::kReload, "N",
       "Replace a worker after so many requests; 0: never",
       "The replacement is started first, early enough at the present rate to be ready when the "
       "number is reached; all workers may be replaced at once, so that there are at most twice as "
       "many processes. A worker serves on until its replacement is ready: it exceeds its number "
       "by "
       "half only where a start takes longer than the requests do, or where so many workers that "
       "were replaced still finish long requests.",
       count_field(MEMBER(worker.requests_max), 1, kAnyCount, Zero::kIsOff)},
      {"max_requests_jitter", "--max-requests-jitter", Group::kWorkers, Takes::kReload, "N",
       "Up to so many more, at random", "It keeps workers from being replaced all at once.",
       count_field(MEMBER(worker.requests_jitter), 1, kAnyCount, Zero::kIsOff)},
      {"max_worker_rss", "--max-worker-rss", Group::kWorkers, Takes::kReload, "SIZE",
       "Replace a worker that has more memory resident; 0: never",
       "As ps shows it (RSS), shared pages included; looked at once a second. The replacement is "
       "started first. Set it well above what a fresh worker needs.",
       size_field(MEMBER(worker.rss_max), kMiB, kTiB, Zero::kIsOff)},
      {"max_worker_age", "--max-worker-age", Group::kWorkers, Takes::kReload, "SECONDS",
       "Replace a worker at this age; 0: never",
       "Or up to a tenth of it earlier, at random, so that workers which were started together are "
       "not replaced together. The replacement is started first.",
       duration_field(MEMBER(worker.age_max), milliseconds(1'000), 365 * kDay, Zero::kIsOff)},
      {"max_surge", "--max-surge", Group::kWorkers, Takes::kReload, "N",
       "Workers that a reload starts at once", "", count_field(MEMBER(max_surge), 1, kWorkersMax)},
      {"preload", "--preload", Group::kWorkers, Takes::kReload, "",
       "Load the application once, before the workers are forked",
       "A process of its own loads it, and the workers share its memory. For applications with "
       "ALICORN_APP_PRELOAD_SAFE alone: see docs/fork_safety.md.",
       switch_field(MEMBER(preload))},
      {"sendfile", "--sendfile", Group::kWorkers, Takes::kReload, "",
       "Let the kernel copy files that the application sends", "",
       switch_field(MEMBER(worker.sendfile))},
  };
}

std::vector<Setting> deadline_settings() {
  return {
      {"timeout", "-t,--timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Application callback without a sign of life (504); 0: never",
       "How long a callback may hold its thread without a write, a read of the body, or "
       "extend_deadline (which may also ask for more time). Then its client gets the 504, the log "
       "its stack, and the worker is replaced unless the callback returns within 0.2 s. Work after "
       "the answer counts too. A worker whose I/O loop "
       "stands still for so long is aborted. A stream that moves may take any time: "
       "request_timeout limits that.",
       duration_field(MEMBER(worker.deadlines.silence), milliseconds(500), kDay, Zero::kIsOff)},
      {"boot_timeout", "--boot-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Worker's start until it is ready", "",
       duration_field(MEMBER(boot_timeout), milliseconds(100), kDay)},
      {"graceful_timeout", "--graceful-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Stopping worker's time for its open requests", "",
       duration_field(MEMBER(worker.deadlines.graceful), milliseconds(100), kDay)},
      {"keepalive", "--keep-alive", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Connection idle between two requests",
       "Keep it above the idle timeout of the proxy in front, or the proxy will now and then "
       "send a request into a connection that is being closed.",
       duration_field(MEMBER(worker.deadlines.keepalive), kMoment, kDay)},
      {"header_timeout", "--header-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Head of a request to arrive (408); 0: off", "",
       duration_field(MEMBER(worker.deadlines.header), kMoment, kDay, Zero::kIsOff)},
      {"body_timeout", "--body-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time to wait for the next byte of a request body (408); 0: off", "",
       duration_field(MEMBER(worker.deadlines.body), kMoment, kDay, Zero::kIsOff)},
      {"body_min_rate", "--body-min-rate", Group::kDeadlines, Takes::kReload, "SIZE",
       "Bytes per second that an awaited body must bring (408); 0: off",
       "Averaged over each body_timeout (30 s where that is off) of waiting for the client. Time "
       "in "
       "which the app does not read, or the server has no memory for more, does not count. Lower "
       "it "
       "or switch it off for clients that send now and then what an app reads as a stream.",
       size_field(MEMBER(worker.deadlines.body_min_rate), 1, 1024 * kMiB, Zero::kIsOff)},
      {"request_timeout", "--request-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Application's time for a request (504); 0: off",
       "A worker with a call that is over it answers its other requests, with Connection: close, "
       "and is replaced; so is one with a callback that goes on as long again after the answer. "
       "Those that wait for the same thread get 503 when their own time is over, later ones at "
       "once.",
       duration_field(MEMBER(worker.deadlines.request), kMoment, kDay, Zero::kIsOff)},
      {"write_timeout", "--write-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Client that takes no byte of a response; 0: off",
       "Also ends a response whose file the disk does not bring.",
       duration_field(MEMBER(worker.deadlines.write), kMoment, kDay, Zero::kIsOff)},
      {"write_min_rate", "--write-min-rate", Group::kDeadlines, Takes::kReload, "SIZE",
       "Bytes per second that a client must take of what waits for it; 0: off",
       "Averaged over each write_timeout (30 s where that is off) in which more was written than "
       "the "
       "client took. A stream that the app itself paces, such as server-sent events, never waits "
       "for "
       "its client and is not slow. Whoever is too slow is cut off.",
       size_field(MEMBER(worker.deadlines.write_min_rate), 1, 1024 * kMiB, Zero::kIsOff)},
  };
}

std::vector<Setting> limit_settings() {
  return {
      {"limit_request_line", "--limit-request-line", Group::kLimits, Takes::kReload, "SIZE",
       "Request line (414; 501: by the method alone)", "",
       size_field(MEMBER(worker.limits.request_line_max), 64, kMiB)},
      {"limit_request_fields", "--limit-request-fields", Group::kLimits, Takes::kReload, "N",
       "Header fields of a request (431)", "",
       count_field(MEMBER(worker.limits.field_count_max), 1, 32'768)},
      {"limit_request_field_size", "--limit-request-field-size", Group::kLimits, Takes::kReload,
       "SIZE", "One header field, name and value (431)",
       "Request line and fields together may take 64 KiB, or more where these limits need it.",
       size_field(MEMBER(worker.limits.field_size_max), 64, kMiB)},
      {"limit_request_body", "--limit-request-body", Group::kLimits, Takes::kReload, "SIZE",
       "Body of a request (413); 0: no limit", "",
       size_field(MEMBER(worker.limits.body_size_max), 1, 1024 * kTiB, Zero::kIsOff)},
      {"limit_body_memory", "--limit-body-memory", Group::kLimits, Takes::kReload, "SIZE",
       "Memory for all bodies of a worker together; 0: no limit",
       "Beyond it the clients of bodies over 64 KiB are held back until other bodies are done, for "
       "body_timeout at most: then 503 with Retry-After. One at a time goes on; it, and who sends "
       "nothing, must bring 32 KiB a second while others wait, or gets the 503. Of bodies that the "
       "application takes whole; streamed ones take 128 KiB each at most. What is kept of these "
       "for crash_dir counts, and ends at the limit.",
       size_field(MEMBER(worker.limits.body_memory_max), kMiB, kTiB, Zero::kIsOff)},
  };
}

std::vector<Setting> proxy_settings() {
  using HeaderMap = WorkerSettings::HeaderMap;
  return {
      {"forwarded_allow_ips", "--forwarded-allow-ips", Group::kProxies, Takes::kReload, "IPS",
       "Proxies to believe: IPs, CIDRs or *",
       "Their X-Forwarded-For, their X-Request-Id and the fields of secure_scheme_headers are "
       "taken "
       "for true. Peers of a unix socket always are trusted. The environment variable "
       "FORWARDED_ALLOW_IPS "
       "changes the default.",
       forwarded_allow_ips_field()},
      {"secure_scheme_headers", "--secure-scheme-headers", Group::kProxies, Takes::kReload,
       "NAME=VALUE", "Field of a trusted proxy that means https; repeatable",
       "In YAML a map. What is given replaces all of the default.", secure_scheme_headers_field()},
      {"header_map", "--header-map", Group::kProxies, Takes::kReload, "HOW",
       "Fields named with a _: drop, refuse or dangerous",
       "In CGI's spelling X_Forwarded_For and X-Forwarded-For are the same: such a field could "
       "pose as the proxy's. refuse answers 400, dangerous lets it through.",
       choice_field(MEMBER(worker.header_map),
                    std::initializer_list<std::pair<std::string_view, HeaderMap>>{
                        {"drop", HeaderMap::kDrop},
                        {"refuse", HeaderMap::kRefuse},
                        {"dangerous", HeaderMap::kDangerous}})},
      {"server_header", "--server-header", Group::kProxies, Takes::kReload, "TEXT",
       "Server field of every response; empty: none", "",
       text_field(MEMBER(worker.server_header), "visible ASCII characters")},
  };
}

std::vector<Setting> crash_settings() {
  return {
      {"crash_dir", "--crash-dir", Group::kCrashes, Takes::kReload, "DIR",
       "Keep requests that crash a worker here; empty: off",
       "Made with mode 0700 for the workers' user if it is not there. For alicorn replay: see "
       "docs/crashes.md. Bodies are kept as they are.",
       text_field(MEMBER(worker.crash.directory), "a directory")},
      {"crash_redact", "--crash-redact", Group::kCrashes, Takes::kReload, "NAME",
       "Header field to mask in them; repeatable", "What is given replaces all of the default.",
       crash_redact_field()},
      {"crash_body_size", "--crash-body-size", Group::kCrashes, Takes::kReload, "SIZE",
       "Of a body no more is kept; 0: no bodies", "",
       size_field(MEMBER(worker.crash.body_size_max), 1, 64 * kMiB, Zero::kIsOff)},
      {"crash_files", "--crash-files", Group::kCrashes, Takes::kReload, "N",
       "Requests in crash_dir; the first ones stay", "",
       count_field(MEMBER(worker.crash.files_max), 1, 100'000)},
  };
}

std::vector<Setting> process_settings() {
  return {
      {"chdir", "--chdir", Group::kProcess, Takes::kRestart, "DIR",
       "Directory to change to before anything is opened",
       "It and -c are relative to where the server was started; all other paths are relative to "
       "it.",
       text_field(MEMBER(chdir), "a directory")},
      {"daemon", "-D,--daemon", Group::kProcess, Takes::kRestart, "", "Run in the background",
       "It has no standard streams: errorlog must be a file, or syslog be set.",
       switch_field(MEMBER(daemon))},
      {"raw_env", "-e,--env,--raw-env", Group::kProcess, Takes::kReload, "NAME=VALUE",
       "Environment variable for the application; repeatable",
       "In YAML a map or a list. A worker sets them before it loads the application; the server "
       "reads "
       "none of them, so PORT, WEB_CONCURRENCY and FORWARDED_ALLOW_IPS change no setting here. "
       "Variables that were read when the process began are refused, for they would have no "
       "effect: "
       "those of the dynamic loader (LD_PRELOAD, LD_LIBRARY_PATH, all LD_*), of the C library "
       "(GLIBC_TUNABLES, MALLOC_ARENA_MAX and its like), of sanitizers (ASAN_OPTIONS). They go "
       "into "
       "the environment that the server is started with (systemd: Environment=).",
       env_field()},
      {"pidfile", "-p,--pid,--pidfile", Group::kProcess, Takes::kRestart, "PATH",
       "File for the master's process id", "", text_field(MEMBER(pidfile), "a path")},
      {"control_socket", "--control-socket", Group::kProcess, Takes::kReload, "PATH",
       "Unix socket for alicorn ctl; empty: none",
       "Only the owner of the master and root can use it. A new path is taken when a reload "
       "serves.",
       text_field(MEMBER(control_socket), "a path")},
      {"user", "-u,--user", Group::kProcess, Takes::kRestart, "USER",
       "User of the workers, name or number", "Needs root.",
       text_field(MEMBER(user), "a name or number")},
      {"group", "-g,--group", Group::kProcess, Takes::kRestart, "GROUP",
       "Group of the workers, name or number", "Needs root.",
       text_field(MEMBER(group), "a name or number")},
      {"umask", "-m,--umask", Group::kProcess, Takes::kReload, "MODE",
       "File mode mask of the workers, octal", "", umask_field()},
      {"dumpable", "--dumpable", Group::kProcess, Takes::kRestart, "WHEN",
       "Cores, and debuggers of the same user: automatic, always, never",
       "automatic: not for workers that root has given another user, whose memory no other process "
       "of that user may read then; fs.suid_dumpable=2 gives their cores to root. always: cores as "
       "`ulimit -c` allows. never: none, of the master neither.",
       choice_field(MEMBER(dumpable),
                    std::initializer_list<std::pair<std::string_view, Dumpable>>{
                        {"automatic", Dumpable::kAutomatic},
                        {"always", Dumpable::kAlways},
                        {"never", Dumpable::kNever}})},
      {"upgrade", "--upgrade", Group::kProcess, Takes::kReload, "HOW",
       "End of a binary upgrade (SIGUSR2): automatic or manual",
       "automatic: the old master leaves when the new one serves. manual: it stays until it is "
       "told "
       "to go, by SIGWINCH and SIGQUIT.",
       choice_field(MEMBER(upgrade),
                    std::initializer_list<std::pair<std::string_view, UpgradeMode>>{
                        {"automatic", UpgradeMode::kAutomatic}, {"manual", UpgradeMode::kManual}})},
      {"proc_name", "-n,--name,--proc-name", Group::kProcess, Takes::kRestart, "NAME",
       "Name in process titles; empty: that of the application", "",
       text_field(MEMBER(proc_name), "a name")},
      {"hooks", "", Group::kProcess, Takes::kReload, "",
       "Commands that the master runs at moments of its life",
       "See docs/hooks.md. on_starting, when_ready, on_reload, nworkers_changed, pre_fork, "
       "child_exit, worker_abort, pre_exec and on_exit; each a text for /bin/sh or a list of "
       "words.",
       hooks_field()},
      {"hook_timeout", "--hook-timeout", Group::kProcess, Takes::kReload, "SECONDS",
       "Time for one hook", "Then it gets SIGTERM, and two seconds later SIGKILL.",
       duration_field(MEMBER(hook_timeout), milliseconds(100), kDay)},
  };
}

#undef MEMBER

std::vector<Setting> all_settings() {
  std::vector<Setting> all;
  for (auto group : {application_settings, listening_settings, worker_settings, deadline_settings,
                     limit_settings, proxy_settings, log_settings, monitoring_settings,
                     crash_settings, process_settings}) {
    for (Setting& setting : group()) all.push_back(std::move(setting));
  }
  return all;
}

}  // namespace

std::span<const Setting> settings_table() {
  static const std::vector<Setting> table = all_settings();
  return table;
}

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : settings_table()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::string_view title_of(Group group) {
  switch (group) {
    case Group::kApplication:
      return "Application";
    case Group::kListening:
      return "Listening";
    case Group::kWorkers:
      return "Workers";
    case Group::kDeadlines:
      return "Deadlines";
    case Group::kLimits:
      return "Limits";
    case Group::kProxies:
      return "Proxies and headers";
    case Group::kLogs:
      return "Logs";
    case Group::kCrashes:
      return "Crashes";
    case Group::kProcess:
      return "Process";
  }
  return {};
}

std::string_view long_flag(std::string_view flags) {
  const std::size_t start = flags.find("--");
  if (start == std::string_view::npos) return {};
  return flags.substr(start, flags.find(',', start) - start);
}

std::string_view short_flag(std::string_view flags) {
  return flags.starts_with("--") ? std::string_view() : flags.substr(0, flags.find(','));
}

Config default_config() {
  Config config;
  config.binds.push_back(*Address::parse("127.0.0.1:8000"));
  return config;
}

Result<void> assign(const Setting& setting, std::string_view name, const Values& values,
                    Config& config) {
  const auto named = [&](const std::string& text) { return fail(std::string(name) + ' ' + text); };
  for (const std::string& value : values) {
    // It would end the text early for every system call.
    if (value.find('\0') != std::string::npos) return named("must not hold a NUL byte");
  }
  if (auto done = setting.field.set(config, values); !done) return named(done.error().text());
  return {};
}

}  // namespace alicorn
