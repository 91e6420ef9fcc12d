#include "server/config/derive.hpp"

#include <algorithm>
#include <string_view>

namespace alicorn {

std::string absolute(const std::string& path, const std::string& base) {
  if (path.starts_with('/')) return path;
  std::string_view relative = path;
  while (relative.starts_with("./")) relative.remove_prefix(2);
  return std::string(base).append(base.ends_with('/') ? "" : "/").append(relative);
}

void derive_head_limit(HttpLimits& limits) {
  constexpr std::uint32_t kLineEnds = 4;
  limits.head_size_max =
      std::max(limits.head_size_max, limits.request_line_max + limits.field_size_max + kLineEnds);
}

void derive_syslog(Config& config) {
  SyslogSettings& syslog = config.error_log.syslog;
  syslog.name =
      "alicorn." + (config.syslog_prefix.empty() ? name_of_app(config) : config.syslog_prefix);
  config.worker.access_log.syslog = syslog;
  if (config.access_log_not_to_syslog) config.worker.access_log.syslog.enabled = false;
}

void resolve_paths(Config& config, const std::string& working_directory, const Config* running) {
  if (!config.chdir.empty()) config.chdir = absolute(config.chdir, working_directory);
  const std::string& chdir = running != nullptr ? running->chdir : config.chdir;
  const std::string& base = chdir.empty() ? working_directory : chdir;
  const bool is_relative = !config.control_socket.empty() && config.control_socket.front() != '/';
  if (is_relative) config.control_socket_base = base;
  for (std::string* path : {&config.worker.app_path, &config.worker.python.venv, &config.pidfile,
                            &config.control_socket, &config.error_log.path,
                            &config.worker.access_log.path, &config.worker.body_directory}) {
    if (!path->empty() && *path != "-") *path = absolute(*path, base);
  }
  for (std::string& folder : config.worker.python.path) folder = absolute(folder, base);
  for (auto& [prefix, folder] : config.worker.python.static_files) folder = absolute(folder, base);
}

}  // namespace alicorn
