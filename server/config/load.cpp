#include "server/config/load.hpp"

#include "server/config/derive.hpp"
#include "server/config/no_effect.hpp"
#include "server/config/python_application.hpp"
#include "server/config/read_file.hpp"
#include "server/config/settings_table.hpp"
#include "server/config/validate.hpp"
#include "server/config/yaml_reader.hpp"

#include <algorithm>

namespace alicorn {
namespace {

constexpr std::string_view kDefaultFile = "alicorn.yaml";
constexpr std::size_t kFileSizeMax = 1 << 20;

Result<void> apply(std::string_view key, std::string_view name, const Values& values,
                   std::string_view source, Draft& draft) {
  const Setting* setting = find_setting(key);
  if (setting == nullptr) return fail("unknown setting " + std::string(key));
  if (auto done = assign(*setting, name, values, draft.config); !done) return done;
  draft.sources[setting->key] = source;
  return {};
}

/// Applies defaults that platforms pass in variables. A file or a flag takes precedence.
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
        Variable{"FORWARDED_ALLOW_IPS", "forwarded_allow_ips", environment.forwarded_allow_ips},
        Variable{"VIRTUAL_ENV", "venv", environment.virtual_env},
        Variable{"TMPDIR", "body_dir", environment.temporary}}) {
    if (variable.value.empty()) continue;
    const Values values{variable.value};
    if (auto done = apply(variable.key, variable.name, values, variable.name, draft); !done) {
      return done;
    }
  }
  return {};
}

std::string name_of_file(const CommandLine& command_line) {
  return std::string(command_line.config_file.empty() ? kDefaultFile : command_line.config_file);
}

Result<std::string> read_text(const CommandLine& command_line, FileKind kind) {
  return read_file(absolute(name_of_file(command_line), command_line.working_directory),
                   kFileSizeMax, kind);
}

/// A file that was named must exist, and so must the file that `running` came from.
Result<void> apply_file(const CommandLine& command_line, const Config* running,
                        const Result<std::string>& text, Draft& draft) {
  const bool is_optional =
      command_line.config_file.empty() && (running == nullptr || running->file.empty());
  const std::string name = name_of_file(command_line);
  const std::string path = absolute(name, command_line.working_directory);
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

/// Puts back the values of `running` for settings that need a restart. Returns the keys that were
/// changed.
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

/// `running` is the configuration before a reload; null at start.
Result<Reloaded> load(const CommandLine& command_line, const Config* running,
                      const Result<std::string>& text, Sources* sources) {
  Draft draft;
  const auto gather = [&]() -> Result<void> {
    if (auto done = apply_environment(command_line.environment, draft); !done) return done;
    if (auto done = apply_file(command_line, running, text, draft); !done) return done;
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
  if (auto found = resolve_python_application(draft.config, bridge_folders()); !found) {
    return tl::unexpected(named_by_source(std::move(found.error()), draft.sources));
  }
  // Before validate(): its rules must see the values that will be in force.
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
  auto loaded = load(command_line, nullptr, read_text(command_line, FileKind::kAny), sources);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  return std::move(loaded->config);
}

Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running) {
  return reload_config(command_line, running, read_config_file(command_line));
}

/// Regular files only: a start may wait for a pipe, but a master with workers must not.
Result<std::string> read_config_file(const CommandLine& command_line) {
  return read_text(command_line, FileKind::kRegular);
}

Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running,
                               const Result<std::string>& text) {
  return load(command_line, &running, text, nullptr);
}

Result<Config> load_config_text(std::string_view yaml, std::string_view name) {
  Draft draft;
  if (auto done = read_yaml(name, std::string(yaml), draft); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return std::move(draft.config);
}

}  // namespace alicorn
