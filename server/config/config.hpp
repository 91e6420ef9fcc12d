// The configuration as plain values with their defaults. load.cpp fills it, validate.cpp checks it.
// Master.
#pragma once

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "server/config/hooks.hpp"
#include "server/host/privileges.hpp"
#include "workers/contract/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

/// How the old master of a binary upgrade ends.
enum class UpgradeMode {
  kAutomatic,  ///< the old master leaves when the new one serves
  kManual,     ///< the operator's signals end it
};

struct Config {
  std::vector<Address>
      binds;  ///< never empty after load_config(): 127.0.0.1:8000, or 0.0.0.0:$PORT
  std::uint32_t backlog = 2048;
  std::uint32_t tcp_defer_accept = 0;  ///< seconds; 0: off
  bool bind_ipv6_only = false;         ///< [::]:PORT accepts no IPv4 clients
  bool reuse_port = false;             ///< a listening socket per worker (SO_REUSEPORT)

  std::uint32_t workers = 1;
  std::uint32_t max_surge = 1;        ///< workers that a reload starts at a time
  bool reload = false;                ///< when a source file changes
  bool preload = false;               ///< load the app once, in a zygote that forks the workers
  milliseconds boot_timeout{60'000};  ///< from the fork to ready

  std::string chdir;  ///< "": no change
  bool daemon = false;
  std::vector<std::pair<std::string, std::string>> env;
  std::string pidfile;              ///< "": none
  std::string control_socket;       ///< path for `alicorn ctl`; "": none
  std::string control_socket_base;  ///< the folder that the path was relative to; "": absolute
  std::string user, group;          ///< names or numbers; "": unchanged
  std::optional<mode_t> umask;
  Dumpable dumpable = Dumpable::kAutomatic;
  UpgradeMode upgrade = UpgradeMode::kAutomatic;
  std::string proc_name;  ///< in process titles; "": the app's file name

  HookCommands hooks;
  milliseconds hook_timeout{30'000};  ///< for one hook: TERM, two seconds later KILL

  log::Settings error_log;
  std::string syslog_prefix;  ///< "": proc_name, or the app's file name
  bool access_log_not_to_syslog = false;
  WorkerSettings worker;  ///< app path, limits, deadlines, access log: all that a worker gets

  std::string file;  ///< the configuration file that was read; "": none
  /// One sentence for each setting that has no effect, to be logged once for the operator.
  std::vector<std::string> remarks;
};

/// The application's name in process titles and in syslog.
inline std::string name_of_app(const Config& config) {
  if (!config.proc_name.empty()) return config.proc_name;
  const std::string& name = config.worker.app_name();
  return name.substr(name.rfind('/') + 1);
}

}  // namespace alicorn
