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
       "Shared library to serve and its entry point, or Python's MODULE:CALLABLE",
       "An application given on the command line takes precedence. SYMBOL defaults to "
       "alicorn_app_entry; give it if the application exports a different one. A name that is no "
       "file's and has the shape of a Python module is a WSGI application: "
       "mysite.wsgi:application, "
       "mysite.wsgi (which means :application), or mysite:create_app() for a function that makes "
       "one.",
       application_field()},
      {"pythonpath", "--pythonpath", Group::kApplication, Takes::kReload, "DIR",
       "Folder in which Python looks for modules first; repeatable",
       "An item may be a comma-separated list. After these comes the directory in which the server "
       "runs (chdir), then Python's own path. Only for Python applications.",
       pythonpath_field()},
      {"venv", "--venv", Group::kApplication, Takes::kReload, "DIR",
       "Virtual environment of a Python application",
       "The environment variable VIRTUAL_ENV changes the default. The server chooses its bridge to "
       "Python by the version that the environment was made with.",
       text_field(MEMBER(worker.python.venv), "a directory")},
      {"preload_requests", "--preload-requests", Group::kApplication, Takes::kReload, "URL",
       "Request to a Python application before it serves; repeatable",
       "A path, or a URL if the application looks at its host, with a method in front if it is not "
       "GET; header fields may follow, a line for each, an empty line and a body. Each is made "
       "where "
       "the application is imported, and the answers go nowhere: what first requests import and "
       "fill is there then. With preload, the workers share its memory.",
       preload_requests_field()},
      {"static", "--static", Group::kApplication, Takes::kReload, "PREFIX=DIR",
       "Files that are sent without asking a Python application; repeatable",
       "In YAML, a map: /static/: /srv/shop/static. GET and HEAD of a path with this beginning get "
       "the "
       "file below the directory, if there is one; everything else is the application's. Files "
       "have "
       "an ETag, ranges work, and app.css.br or app.css.gz beside app.css goes to clients that "
       "take "
       "it. Names with a dot in front are not sent.",
       static_field()},
      {"app", "", Group::kApplication, Takes::kReload, "",
       "Free-form section that is passed to the application",
       "Any YAML. The application reads the values by flattened names, such as \"database.url\" or "
       "\"origins.0\". Each value is the text as written: 0x10, 010 and yes become numbers or "
       "switches only if the application converts them. A dot in a name means the same as one more "
       "level of nesting. An empty list is an empty text under the name of the list. Anchors and "
       "aliases work; merge keys (<<) and tags (!env, !!binary) are refused, here and in the rest "
       "of the file.",
       named_texts_field(MEMBER(worker.app_config), Shape::kTree, "a map")},
  };
}

std::vector<Setting> listening_settings() {
  return {
      {"bind", "-b,--bind", Group::kListening, Takes::kReload, "ADDRESS",
       "Listen on HOST:PORT, [V6]:PORT, unix:PATH or fd://N; repeatable",
       "The environment variable PORT changes the default to 0.0.0.0:$PORT. With port 0 the kernel "
       "chooses the port. [::]:PORT also accepts IPv4 clients; logs and the application see their "
       "IPv4 addresses. If bind names an IPv4 address with the same port as well, [::]:PORT "
       "accepts only IPv6 (see bind_ipv6_only). A unix socket is created with mode 0660; "
       "unix:@NAME is an abstract socket. Sockets from systemd (LISTEN_FDS) and fd://N are used as "
       "they are; sockets from systemd replace all addresses given here.",
       binds_field()},
      {"bind_ipv6_only", "--bind-ipv6-only", Group::kListening, Takes::kRestart, "",
       "[::]:PORT accepts no IPv4 clients",
       "When this is off, [::]:PORT serves both families, whatever net.ipv6.bindv6only says, "
       "unless bind names an IPv4 address with that port. For sockets from systemd, use "
       "BindIPv6Only= in the unit.",
       switch_field(MEMBER(bind_ipv6_only))},
      {"backlog", "--backlog", Group::kListening, Takes::kReload, "N",
       "Connections that may wait to be accepted", "The kernel caps this at net.core.somaxconn.",
       count_field(MEMBER(backlog), 1, 65'535)},
      {"tcp_defer_accept", "--tcp-defer-accept", Group::kListening, Takes::kReload, "SECONDS",
       "Accept a TCP client only once it has sent something",
       "The kernel waits for about this long (TCP_DEFER_ACCEPT); then the client is accepted "
       "anyway. No worker is woken for a client that says nothing. 0 switches this off. A client "
       "that has connected but not asked yet is reset by a stop. For "
       "sockets from systemd, use DeferAcceptSec= in the unit.",
       count_field(MEMBER(tcp_defer_accept), 0, 60)},
      {"reuse_port", "--reuse-port", Group::kListening, Takes::kRestart, "",
       "A listening socket for each worker (SO_REUSEPORT)",
       "The kernel spreads the clients of a TCP address among as many sockets as there are workers "
       "when it is opened, at most 32. A client wakes only the worker that it falls to, which "
       "saves work if clients connect anew for each request. But it waits for that worker even if "
       "another one is free: a long request or stream on each thread of a worker holds up that "
       "worker's share of new clients. So this suits short requests only. If a worker is missing "
       "or stands still, the others serve its socket after one to two seconds.",
       switch_field(MEMBER(reuse_port))},
      {"hand_over", "--hand-over", Group::kListening, Takes::kReload, "",
       "Workers hand clients to each other",
       "A request that waits for a thread goes, with its client, to a worker that has a free one, "
       "if it has at most 20 KiB. A worker that is replaced, or whose threads hang, hands its "
       "connections to other workers as soon as they are between two requests. So a reload, an "
       "upgrade, max_requests or a smaller number of workers closes none. Idle connections also go "
       "to workers that have far fewer. When this is off, each worker serves only the clients that "
       "it has accepted, and closes their connections when it leaves.",
       switch_field(MEMBER(worker.hand_over))},
  };
}

static_assert(kCallsMax == 8'192, "the text of worker_connections names it");

std::vector<Setting> worker_settings() {
  return {
      {"workers", "-w,--workers", Group::kWorkers, Takes::kReload, "N", "Worker processes",
       "The environment variable WEB_CONCURRENCY changes the default.",
       count_field(MEMBER(workers), 1, kWorkersMax)},
      {"threads", "--threads", Group::kWorkers, Takes::kReload, "N",
       "Application calls that may run at once in a worker",
       "With 1, the application need not be thread-safe. Applications that never block (loop) are "
       "always called on one thread.",
       count_field(MEMBER(worker.threads), 1, 1024)},
      {"worker_connections", "--worker-connections", Group::kWorkers, Takes::kReload, "N",
       "Open connections per worker",
       "At the limit, a worker closes the connections that have been idle longest (at least a "
       "second) to make room for waiting clients; if there are none, it stops accepting. Set the "
       "limit above the number of connections that the proxies in front keep open. Each connection "
       "takes a descriptor, so RLIMIT_NOFILE (LimitNOFILE=) must be high enough. At most 8192 "
       "requests of a worker can be in the application at the same time. At that number the worker "
       "also stops accepting, and answers further requests with 503. If none of the requests is "
       "completed, the log says so; if their clients have left, the worker is replaced.",
       count_field(MEMBER(worker.connections_max), 1, 1'000'000)},
      {"max_requests", "--max-requests", Group::kWorkers, Takes::kReload, "N",
       "Replace a worker after this many requests; 0: never",
       "The replacement is started first, early enough at the current rate to be ready when the "
       "number is reached. All workers may be replaced at once, so there can be up to twice as "
       "many processes. A worker keeps serving until its replacement is ready. It exceeds its "
       "number by half only if starting a replacement takes longer than the requests do, or if "
       "that many replaced workers are still finishing long requests.",
       count_field(MEMBER(worker.requests_max), 1, kAnyCount, Zero::kIsOff)},
      {"max_requests_jitter", "--max-requests-jitter", Group::kWorkers, Takes::kReload, "N",
       "Add up to this many to max_requests, at random",
       "The jitter keeps workers from all being replaced at once.",
       count_field(MEMBER(worker.requests_jitter), 1, kAnyCount, Zero::kIsOff)},
      {"max_worker_rss", "--max-worker-rss", Group::kWorkers, Takes::kReload, "SIZE",
       "Replace a worker that has more resident memory; 0: never",
       "Resident memory is what ps shows as RSS, shared pages included; it is checked once a "
       "second. The replacement is started first. Set the limit well above what a fresh worker "
       "needs.",
       size_field(MEMBER(worker.rss_max), kMiB, kTiB, Zero::kIsOff)},
      {"max_worker_age", "--max-worker-age", Group::kWorkers, Takes::kReload, "SECONDS",
       "Replace a worker at this age; 0: never",
       "A worker is replaced up to a tenth of this time earlier, at random, so that workers that "
       "were started together are not replaced together. The replacement is started first.",
       duration_field(MEMBER(worker.age_max), milliseconds(1'000), 365 * kDay, Zero::kIsOff)},
      {"max_surge", "--max-surge", Group::kWorkers, Takes::kReload, "N",
       "Workers that a reload starts at a time", "",
       count_field(MEMBER(max_surge), 1, kWorkersMax)},
      {"preload", "--preload", Group::kWorkers, Takes::kReload, "",
       "Load the application once, before the workers are forked",
       "A separate process, the zygote, loads the application, and the workers share its memory. "
       "Only for applications with ALICORN_APP_PRELOAD_SAFE: see docs/fork_safety.md.",
       switch_field(MEMBER(preload))},
      {"reload", "--reload", Group::kWorkers, Takes::kRestart, "",
       "Reload when a source file changes; for development",
       "Of a Python application, these are the .py files below the folders of pythonpath and the "
       "folder in which the server runs; of others, the application's file. Folders with a dot in "
       "front, __pycache__, node_modules and virtual environments are passed over.",
       switch_field(MEMBER(reload))},
      {"sendfile", "--sendfile", Group::kWorkers, Takes::kReload, "",
       "Let the kernel copy files that the application sends", "",
       switch_field(MEMBER(worker.sendfile))},
  };
}

std::vector<Setting> deadline_settings() {
  return {
      {"timeout", "-t,--timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time a callback may show no sign of life (504); 0: no limit",
       "How long a callback may hold its thread without a write, a read of the body, or "
       "extend_deadline (which can also ask for more time). After that, the client gets a 504, and "
       "the log gets the stack of the thread. The worker is replaced unless the callback returns "
       "within 0.2 s. Work after the response counts too. A worker whose I/O loop stands still for "
       "this long is aborted. A stream that makes progress may take any amount of time; "
       "request_timeout limits that.",
       duration_field(MEMBER(worker.deadlines.silence), milliseconds(500), kDay, Zero::kIsOff)},
      {"boot_timeout", "--boot-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time for a new worker to become ready", "",
       duration_field(MEMBER(boot_timeout), milliseconds(100), kDay)},
      {"graceful_timeout", "--graceful-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time for a stopping worker to finish its open requests", "",
       duration_field(MEMBER(worker.deadlines.graceful), milliseconds(100), kDay)},
      {"keepalive", "--keep-alive", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time a connection may be idle between two requests",
       "Keep this above the idle timeout of the proxy in front. Otherwise the proxy will "
       "occasionally send a request on a connection that is being closed.",
       duration_field(MEMBER(worker.deadlines.keepalive), kMoment, kDay)},
      {"header_timeout", "--header-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time for the head of a request to arrive (408); 0: off", "",
       duration_field(MEMBER(worker.deadlines.header), kMoment, kDay, Zero::kIsOff)},
      {"body_timeout", "--body-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time to wait for the next byte of a request body (408); 0: off", "",
       duration_field(MEMBER(worker.deadlines.body), kMoment, kDay, Zero::kIsOff)},
      {"body_min_rate", "--body-min-rate", Group::kDeadlines, Takes::kReload, "SIZE",
       "Bytes per second a client must send of a body (408); 0: off",
       "The rate is averaged over each body_timeout (30 s if that is off) of waiting for the "
       "client. Time during which the application does not read, or the server has no memory for "
       "more, does not count. Lower the rate or turn it off for clients that send data only now "
       "and then to an application that reads it as a stream.",
       size_field(MEMBER(worker.deadlines.body_min_rate), 1, 1024 * kMiB, Zero::kIsOff)},
      {"request_timeout", "--request-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time the application may take for a request (504); 0: off",
       "A worker with a call that is overdue is replaced, and gives its other clients to other "
       "workers (hand_over), also those whose requests wait for its threads. A request that cannot "
       "move gets a 503 once every thread hangs. The same goes for a callback that runs for as "
       "long "
       "again after the response.",
       duration_field(MEMBER(worker.deadlines.request), kMoment, kDay, Zero::kIsOff)},
      {"write_timeout", "--write-timeout", Group::kDeadlines, Takes::kReload, "SECONDS",
       "Time a client may take no byte of a response; 0: off",
       "This also ends a response whose file the disk does not deliver.",
       duration_field(MEMBER(worker.deadlines.write), kMoment, kDay, Zero::kIsOff)},
      {"write_min_rate", "--write-min-rate", Group::kDeadlines, Takes::kReload, "SIZE",
       "Bytes per second a client must take of waiting data; 0: off",
       "The rate is averaged over each write_timeout (30 s if that is off) in which more was "
       "written than the client took. A stream that the application itself paces, such as "
       "server-sent events, never waits for its client and is not slow. A client that is too slow "
       "is disconnected.",
       size_field(MEMBER(worker.deadlines.write_min_rate), 1, 1024 * kMiB, Zero::kIsOff)},
  };
}

std::vector<Setting> limit_settings() {
  return {
      {"limit_request_line", "--limit-request-line", Group::kLimits, Takes::kReload, "SIZE",
       "Request line (414; 501 if the method alone is too long)", "",
       size_field(MEMBER(worker.limits.request_line_max), 64, kMiB)},
      {"limit_request_fields", "--limit-request-fields", Group::kLimits, Takes::kReload, "N",
       "Header fields in a request (431)", "",
       count_field(MEMBER(worker.limits.field_count_max), 1, 32'768)},
      {"limit_request_field_size", "--limit-request-field-size", Group::kLimits, Takes::kReload,
       "SIZE", "One header field, name and value (431)",
       "The request line and all fields together may take 64 KiB, or more if these limits require "
       "it.",
       size_field(MEMBER(worker.limits.field_size_max), 64, kMiB)},
      {"limit_request_body", "--limit-request-body", Group::kLimits, Takes::kReload, "SIZE",
       "Request body (413); 0: no limit", "",
       size_field(MEMBER(worker.limits.body_size_max), 1, 1024 * kTiB, Zero::kIsOff)},
      {"body_memory_each", "--body-memory-each", Group::kLimits, Takes::kReload, "SIZE",
       "Memory for one request body; the rest goes to a file; 0: none does",
       "Applies to bodies that the application takes whole. They are memory to it in either case. "
       "The file has no name, and ends with the request. A full disk is a 507 to that client. If "
       "no "
       "file can be made, bodies stay in memory, and the log says why.",
       size_field(MEMBER(worker.limits.body_memory_each), 4096, kTiB, Zero::kIsOff)},
      {"limit_body_disk", "--limit-body-disk", Group::kLimits, Takes::kReload, "SIZE",
       "Disk for all these files of a worker; 0: no limit",
       "A request whose body would exceed it gets a 503.",
       size_field(MEMBER(worker.limits.body_disk_max), kMiB, kTiB, Zero::kIsOff)},
      {"body_dir", "--body-dir", Group::kLimits, Takes::kReload, "DIR", "Directory of these files",
       "The environment variable TMPDIR changes the default. On a file system in memory (tmpfs) "
       "the "
       "files take memory after all.",
       text_field(MEMBER(worker.body_directory), "a directory")},
      {"limit_body_memory", "--limit-body-memory", Group::kLimits, Takes::kReload, "SIZE",
       "Memory for all request bodies in a worker; 0: no limit",
       "Beyond the limit, clients with bodies over 64 KiB are held back until other bodies are "
       "done, for at most body_timeout; then they get a 503 with Retry-After. One client at a time "
       "may go on. While others wait, that client, and any client that sends nothing, must send 32 "
       "KiB a second or gets the 503. The limit applies to bodies that the application takes "
       "whole; a streamed body takes at most 128 KiB. What is kept of streamed bodies for "
       "crash_dir counts as well, and ends at the limit.",
       size_field(MEMBER(worker.limits.body_memory_max), kMiB, kTiB, Zero::kIsOff)},
  };
}

std::vector<Setting> proxy_settings() {
  using HeaderMap = WorkerSettings::HeaderMap;
  return {
      {"forwarded_allow_ips", "--forwarded-allow-ips", Group::kProxies, Takes::kReload, "IPS",
       "Trusted proxies: IPs, CIDRs or *",
       "From these proxies, X-Forwarded-For, X-Request-Id and the fields in secure_scheme_headers "
       "are trusted. Peers on a unix socket are always trusted. The environment variable "
       "FORWARDED_ALLOW_IPS changes the default.",
       forwarded_allow_ips_field()},
      {"secure_scheme_headers", "--secure-scheme-headers", Group::kProxies, Takes::kReload,
       "NAME=VALUE", "Field from a trusted proxy that means https; repeatable",
       "In YAML, a map. A value given here replaces the whole default.",
       secure_scheme_headers_field()},
      {"header_map", "--header-map", Group::kProxies, Takes::kReload, "HOW",
       "Fields with a _ in their name: drop, refuse or dangerous",
       "In the spelling of CGI, X_Forwarded_For and X-Forwarded-For are the same, so such a field "
       "could pose as the proxy's. refuse answers 400; dangerous lets the field through.",
       choice_field(MEMBER(worker.header_map),
                    std::initializer_list<std::pair<std::string_view, HeaderMap>>{
                        {"drop", HeaderMap::kDrop},
                        {"refuse", HeaderMap::kRefuse},
                        {"dangerous", HeaderMap::kDangerous}})},
      {"mount", "--mount", Group::kProxies, Takes::kReload, "PATH",
       "Where the site has the application, such as /shop; empty: at its root",
       "Paths lose this part in front, if they have it, and the application is told (SCRIPT_NAME "
       "in "
       "Python).",
       mount_field()},
      {"forwarded_prefix", "--forwarded-prefix", Group::kProxies, Takes::kReload, "",
       "Let trusted proxies say the mount for each request",
       "X-Forwarded-Prefix names a part of the path that the proxy has taken away, Script_Name one "
       "that the path still has (header_map must let that field through). Only if each proxy sets "
       "or removes these fields: one that passes on a client's lets the client choose where links "
       "lead.",
       switch_field(MEMBER(worker.forwarded_prefix))},
      {"server_header", "--server-header", Group::kProxies, Takes::kReload, "TEXT",
       "Server field in every response; empty: none", "",
       text_field(MEMBER(worker.server_header), "visible ASCII characters")},
  };
}

std::vector<Setting> crash_settings() {
  return {
      {"crash_dir", "--crash-dir", Group::kCrashes, Takes::kReload, "DIR",
       "Directory for requests that crash a worker; empty: off",
       "It is created with mode 0700 for the workers' user if it does not exist. The files are for "
       "alicorn replay: see docs/crashes.md. Bodies are kept unmasked.",
       text_field(MEMBER(worker.crash.directory), "a directory")},
      {"crash_redact", "--crash-redact", Group::kCrashes, Takes::kReload, "NAME",
       "Header field to mask in those requests; repeatable",
       "A value given here replaces the whole default.", crash_redact_field()},
      {"crash_body_size", "--crash-body-size", Group::kCrashes, Takes::kReload, "SIZE",
       "Bytes to keep of a request body; 0: no bodies", "",
       size_field(MEMBER(worker.crash.body_size_max), 1, 64 * kMiB, Zero::kIsOff)},
      {"crash_files", "--crash-files", Group::kCrashes, Takes::kReload, "N",
       "Requests to keep in crash_dir; the first ones stay", "",
       count_field(MEMBER(worker.crash.files_max), 1, 100'000)},
  };
}

std::vector<Setting> process_settings() {
  return {
      {"chdir", "--chdir", Group::kProcess, Takes::kRestart, "DIR",
       "Directory to change to before anything is opened",
       "chdir and -c are relative to the directory in which the server was started; all other "
       "paths are relative to chdir.",
       text_field(MEMBER(chdir), "a directory")},
      {"daemon", "-D,--daemon", Group::kProcess, Takes::kRestart, "", "Run in the background",
       "A daemon has no standard streams: errorlog must be a file, or syslog must be on.",
       switch_field(MEMBER(daemon))},
      {"raw_env", "-e,--env,--raw-env", Group::kProcess, Takes::kReload, "NAME=VALUE",
       "Environment variable for the application; repeatable",
       "In YAML, a map or a list. A worker sets the variables before it loads the application. The "
       "server itself reads none of them, so PORT, WEB_CONCURRENCY and FORWARDED_ALLOW_IPS change "
       "no setting here. Variables that are read when a process starts are refused, because they "
       "would have no effect: those of the dynamic loader (LD_PRELOAD, LD_LIBRARY_PATH, all LD_*), "
       "of the C library (GLIBC_TUNABLES, MALLOC_ARENA_MAX and the like) and of sanitizers "
       "(ASAN_OPTIONS). Put them into the environment in which the server is started (systemd: "
       "Environment=).",
       env_field()},
      {"pidfile", "-p,--pid,--pidfile", Group::kProcess, Takes::kRestart, "PATH",
       "File for the master's process id", "", text_field(MEMBER(pidfile), "a path")},
      {"control_socket", "--control-socket", Group::kProcess, Takes::kReload, "PATH",
       "Unix socket for alicorn ctl; empty: none",
       "Only the owner of the master and root can use it. When a reload changes the path, the "
       "server moves to it as soon as the new generation serves.",
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
       "Core dumps, and debuggers of the same user: automatic, always, never",
       "automatic: not for workers that root has given another user; other processes of that user "
       "then cannot read their memory, and with fs.suid_dumpable=2 root gets their cores. always: "
       "core dumps as `ulimit -c` allows. never: none, not even of the master.",
       choice_field(MEMBER(dumpable),
                    std::initializer_list<std::pair<std::string_view, Dumpable>>{
                        {"automatic", Dumpable::kAutomatic},
                        {"always", Dumpable::kAlways},
                        {"never", Dumpable::kNever}})},
      {"upgrade", "--upgrade", Group::kProcess, Takes::kReload, "HOW",
       "How a binary upgrade (SIGUSR2) ends: automatic or manual",
       "automatic: the old master leaves when the new one serves. manual: the old master stays "
       "until SIGWINCH and SIGQUIT tell it to leave.",
       choice_field(MEMBER(upgrade),
                    std::initializer_list<std::pair<std::string_view, UpgradeMode>>{
                        {"automatic", UpgradeMode::kAutomatic}, {"manual", UpgradeMode::kManual}})},
      {"proc_name", "-n,--name,--proc-name", Group::kProcess, Takes::kRestart, "NAME",
       "Name in process titles; empty: the application's name", "",
       text_field(MEMBER(proc_name), "a name")},
      {"hooks", "", Group::kProcess, Takes::kReload, "",
       "Commands that the master runs at certain events",
       "See docs/hooks.md. The hooks are on_starting, when_ready, on_reload, nworkers_changed, "
       "pre_fork, child_exit, worker_abort, pre_exec and on_exit. Each is a text for /bin/sh or a "
       "list of words.",
       hooks_field()},
      {"hook_timeout", "--hook-timeout", Group::kProcess, Takes::kReload, "SECONDS",
       "Time for one hook", "After that, the hook gets SIGTERM, and two seconds later SIGKILL.",
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
    // System calls would see the text end at the NUL byte.
    if (value.find('\0') != std::string::npos) return named("must not contain a NUL byte");
  }
  if (auto done = setting.field.set(config, values); !done) return named(done.error().text());
  return {};
}

}  // namespace alicorn
