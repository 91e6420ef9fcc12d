#include "server/config/load.hpp"

#include "server/config/no_effect.hpp"
#include "server/config/read_file.hpp"
#include "server/config/settings_table.hpp"
#include "server/config/validate.hpp"
#include "server/config/yaml_reader.hpp"

#include <algorithm>

namespace alicorn {
namespace {

constexpr std::string_view kDefaultFile = "alicorn.yaml";
constexpr std::size_t kFileSizeMax = 1 << 20;

std::string absolute(const std::string& path, const std::string& base) {
  if (path.starts_with('/')) return path;
  std::string_view relative = path;
  while (relative.starts_with("./")) relative.remove_prefix(2);
  return std::string(base).append(base.ends_with('/') ? "" : "/").append(relative);
}

Result<void> apply(std::string_view key, std::string_view name, const Values& values,
                   std::string_view source, Draft& draft) {
  const Setting* setting = find_setting(key);
  if (setting == nullptr) return fail("unknown setting " + std::string(key));
  if (auto done = assign(*setting, name, values, draft.config); !done) return done;
  draft.sources[setting->key] = source;
  return {};
}

/// Defaults that platforms hand over; a file or a flag wins over them.
Result<void> apply_environment(const Environment& environment, Draft& draft) {
  struct Variable {
    std::string_view name;
    std::string_view key;
    std::string value;
  };
  const std::string& port = environment.port;
  const auto number = parse_count(port);
  if (!port.empty() && (!number || *number > 65'535)) {
    return fail("PORT must be a whole number from 0 to 65535, not \"" + port + '"');
  }
  for (const Variable& variable :
       {Variable{"PORT", "bind", port.empty() ? "" : "0.0.0.0:" + port},
        Variable{"WEB_CONCURRENCY", "workers", environment.web_concurrency},
        Variable{"FORWARDED_ALLOW_IPS", "forwarded_allow_ips", environment.forwarded_allow_ips}}) {
    if (variable.value.empty()) continue;
    const Values values{variable.value};
    if (auto done = apply(variable.key, variable.name, values, variable.name, draft); !done) {
      return done;
    }
  }
  return {};
}

Result<void> apply_file(const CommandLine& command_line, FileKind kind, Draft& draft) {
  const bool is_optional = command_line.config_file.empty();
  const std::string name(is_optional ? kDefaultFile : command_line.config_file);
  const std::string path = absolute(name, command_line.working_directory);
  auto text = read_file(path, kFileSizeMax, kind);
  if (!text) {
    if (is_optional && text.error().code == std::errc::no_such_file_or_directory) return {};
    const Error& error = text.error();
    const std::string reason = error.code ? error.code.message() : error.text();
    return fail("configuration file " + name + ": " + reason);
  }
  draft.config.file = path;
  return read_yaml(name, *text, draft);
}

Result<void> apply_given(const std::vector<GivenSetting>& settings, std::string_view source,
                         std::string_view prefix, Draft& draft) {
  for (const GivenSetting& given : settings) {
    const std::string name = std::string(prefix) + given.flag;
    if (auto done = apply(given.key, name, given.values, source, draft); !done) return done;
  }
  return {};
}

/// A head that keeps to each of its limits must fit as a whole.
void derive_head_limit(HttpLimits& limits) {
  constexpr std::uint32_t kLineEnds = 4;
  limits.head_size_max =
      std::max(limits.head_size_max, limits.request_line_max + limits.field_size_max + kLineEnds);
}

/// Both logs go to the same daemon, under names that differ in their last part.
void derive_syslog(Config& config) {
  SyslogSettings& syslog = config.error_log.syslog;
  syslog.name =
      "alicorn." + (config.syslog_prefix.empty() ? name_of_app(config) : config.syslog_prefix);
  config.worker.access_log.syslog = syslog;
  if (config.access_log_not_to_syslog) config.worker.access_log.syslog.enabled = false;
}

/// Workers and later reloads find the files whatever directory the process is in by then. Symbolic
/// links stay: an app behind `current -> releases/7` must follow it on a reload. `running` keeps
/// its directory until a restart, and with it what the paths mean.
void resolve_paths(Config& config, const std::string& working_directory, const Config* running) {
  if (!config.chdir.empty()) config.chdir = absolute(config.chdir, working_directory);
  const std::string& chdir = running != nullptr ? running->chdir : config.chdir;
  const std::string& base = chdir.empty() ? working_directory : chdir;
  const bool is_relative = !config.control_socket.empty() && config.control_socket.front() != '/';
  if (is_relative) config.control_socket_base = base;
  for (std::string* path : {&config.worker.app_path, &config.pidfile, &config.control_socket,
                            &config.error_log.path, &config.worker.access_log.path}) {
    if (!path->empty() && *path != "-") *path = absolute(*path, base);
  }
}

/// What only a restart changes stays as it is in `running`. Gives the keys of what was to change.
Result<std::vector<std::string_view>> keep_until_restart(const Config& running, Config& config) {
  std::vector<std::string_view> changed;
  for (const Setting& setting : settings_table()) {
    if (setting.takes != Takes::kRestart) continue;
    const Values kept = setting.field.get(running);
    if (setting.field.get(config) == kept) continue;
    changed.push_back(setting.key);
    if (auto done = assign(setting, setting.key, kept, config); !done) {
      return tl::unexpected(std::move(done.error()));
    }
  }
  return changed;
}

/// `running`: what a reload starts from; nothing at start.
Result<Reloaded> load(const CommandLine& command_line, const Config* running, Sources* sources) {
  Draft draft;
  // A start may wait for a pipe, a master with workers may not.
  const FileKind kind = running != nullptr ? FileKind::kRegular : FileKind::kAny;
  const auto gather = [&]() -> Result<void> {
    if (auto done = apply_environment(command_line.environment, draft); !done) return done;
    if (auto done = apply_file(command_line, kind, draft); !done) return done;
    if (auto done = apply_given(command_line.from_environment, kFromCommandVariable,
                                "ALICORN_CMD_ARGS: ", draft);
        !done) {
      return done;
    }
    return apply_given(command_line.from_arguments, kFromArguments, "", draft);
  };
  if (auto done = gather(); !done) return tl::unexpected(std::move(done.error()));
  derive_head_limit(draft.config.worker.limits);
  resolve_paths(draft.config, command_line.working_directory, running);
  // Before the rules that span two settings: they are about those that will hold.
  std::vector<std::string_view> need_restart;
  if (running != nullptr) {
    auto changed = keep_until_restart(*running, draft.config);
    if (!changed) return tl::unexpected(std::move(changed.error()));
    need_restart = std::move(*changed);
  }
  derive_syslog(draft.config);
  if (command_line.action != CommandLine::Action::kPrintConfig) {
    if (auto app = require_application(draft.config); !app) {
      return tl::unexpected(std::move(app.error()));
    }
  }
  if (auto valid = validate(draft.config); !valid) {
    return tl::unexpected(named_by_source(std::move(valid.error()), draft.sources));
  }
  draft.config.remarks = without_effect(draft.config, draft.sources);
  if (sources != nullptr) *sources = std::move(draft.sources);
  return Reloaded{std::move(draft.config), std::move(need_restart)};
}

}  // namespace

Result<Config> load_config(const CommandLine& command_line, Sources* sources) {
  auto loaded = load(command_line, nullptr, sources);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  return std::move(loaded->config);
}

Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running) {
  CommandLine again = command_line;
  // What is named must be there.
  if (again.config_file.empty() && !running.file.empty()) again.config_file = kDefaultFile;
  return load(again, &running, nullptr);
}

Result<Config> load_config_text(std::string_view yaml, std::string_view name) {
  Draft draft;
  if (auto done = read_yaml(name, std::string(yaml), draft); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return std::move(draft.config);
}

}  // namespace alicorn
