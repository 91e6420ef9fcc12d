#include "server/config/load.hpp"

#include "server/config/derive.hpp"
#include "server/config/nearest_name.hpp"
#include "server/config/read_file.hpp"
#include "server/config/settings_table.hpp"
#include "server/config/validate.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>

namespace alicorn {
namespace {

constexpr std::string_view kDefaultFile = "alicorn.yaml";
constexpr std::size_t kFileSizeMax = 1 << 20;
/// The end of a document, said: yaml-cpp 0.7 closes a quoted text at the end of the file by itself,
/// and all settings below the missing quote would vanish in it.
constexpr std::string_view kEnd = "\n...\n";
/// Of the `app` section: aliases may make a small file mean an endless one.
constexpr std::size_t kAppNodesMax = 10'000;
constexpr int kAppDepthMax = 64;

/// What has been gathered so far, and from where.
struct Draft {
  Config config = default_config();
  Sources sources;
};

/// Remembers where the latest document began. YAML::LoadAll() would find documents without end in a
/// lone comma, for yaml-cpp 0.7 does not move past it.
struct DocumentStart : YAML::EventHandler {
  using Mark = YAML::Mark;
  using Style = YAML::EmitterStyle::value;
  using Anchor = YAML::anchor_t;

  void OnDocumentStart(const Mark& at) override { mark = at; }
  void OnDocumentEnd() override {}
  void OnNull(const Mark&, Anchor) override {}
  void OnAlias(const Mark&, Anchor) override {}
  void OnScalar(const Mark&, const std::string&, Anchor, const std::string&) override {}
  void OnSequenceStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnMapEnd() override {}

  Mark mark;
};

/// One YAML document on its way into a Draft.
class YamlReader {
 public:
  YamlReader(std::string_view name, Draft& draft) : name_(name), draft_(draft) {}

  Result<void> read(const std::string& text) {
    // yaml-cpp throws where a document is malformed, and on nodes that it cannot use: nowhere else
    // in this class.
    try {
      const std::string ended = text + std::string(kEnd);
      std::istringstream stream(ended);
      YAML::Parser parser(stream);
      DocumentStart start;
      if (parser.HandleNextDocument(start) && parser.HandleNextDocument(start)) {
        return fail_at(start.mark, "only one document is read, and it ends before this");
      }
      return read_root(YAML::Load(ended));
    } catch (const YAML::Exception& exception) {
      return fail_in(text, exception);
    } catch (const std::exception& exception) {
      return fail(name_ + ": " + exception.what());
    }
  }

 private:
  tl::unexpected<Error> fail_at(const YAML::Mark& mark, const std::string& message) const {
    if (mark.is_null()) return fail(name_ + ": " + message);
    return fail(name_ + ':' + std::to_string(mark.line + 1) + ':' +
                std::to_string(mark.column + 1) + ": " + message);
  }
  tl::unexpected<Error> fail_at(const YAML::Node& node, const std::string& message) const {
    return fail_at(node.Mark(), message);
  }

  /// Where the parser only stopped at kEnd, the operator is told about the end of the file.
  tl::unexpected<Error> fail_in(const std::string& text, const YAML::Exception& exception) const {
    YAML::Mark mark = exception.mark;
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    if (mark.line <= lines) return fail_at(mark, exception.msg);
    mark.line = lines;
    mark.column = 0;
    const bool is_quoted = exception.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
    return fail_at(mark, is_quoted ? "a quoted text has no end" : exception.msg);
  }

  Result<void> read_root(const YAML::Node& root) {
    if (root.IsNull()) return {};
    if (!root.IsMap()) return fail_at(root, "must be a map of settings, \"workers: 4\"");
    if (auto keys = check_keys(root); !keys) return keys;
    for (const auto& entry : root) {
      if (auto done = read_setting(entry.first, entry.second); !done) return done;
    }
    return {};
  }

  Result<void> read_setting(const YAML::Node& key_node, const YAML::Node& value) {
    const std::string& key = key_node.Scalar();
    const Setting* setting = find_setting(key);
    if (setting == nullptr) return fail_at(key_node, unknown_key(key));
    // A value that is not there has no place of its own.
    if (value.IsNull() && setting->field.shape != Field::Shape::kTree) {
      return fail_at(key_node, key + " has no value");
    }
    auto values = values_of(*setting, value);
    if (!values) return tl::unexpected(std::move(values.error()));
    if (auto done = assign(*setting, key, *values, draft_.config); !done) {
      return fail_at(value, done.error().text());
    }
    draft_.sources[setting->key] = name_ + ':' + std::to_string(key_node.Mark().line + 1);
    return {};
  }

  static std::string unknown_key(const std::string& key) {
    if (std::string sentence = not_applicable(key); !sentence.empty()) return sentence;
    std::vector<std::string_view> known;
    for (const Setting& setting : settings_table()) known.push_back(setting.key);
    const std::string_view nearest = nearest_name(key, known);
    std::string message = "unknown setting \"" + key + '"';
    if (!nearest.empty()) message.append(", did you mean \"").append(nearest).append("\"?");
    return message;
  }

  /// yaml-cpp keeps both of two equal keys; which one an operator meant nobody knows.
  Result<void> check_keys(const YAML::Node& map) const {
    std::map<std::string_view, int> lines;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return fail_at(entry.first, "a key must be a name");
      const std::string& key = entry.first.Scalar();
      const auto [first, is_new] = lines.emplace(key, entry.first.Mark().line + 1);
      if (is_new) continue;
      return fail_at(entry.first, '"' + key + "\" is given twice, first in line " +
                                      std::to_string(first->second));
    }
    return {};
  }

  Result<Values> values_of(const Setting& setting, const YAML::Node& node) {
    using Shape = Field::Shape;
    const std::string key(setting.key);
    Values values;
    switch (setting.field.shape) {
      case Shape::kOne:
      case Shape::kSwitch:
        if (!node.IsScalar()) return fail_at(node, key + " must be one value");
        return Values{node.Scalar()};
      case Shape::kList:
      case Shape::kMap:
        if (setting.field.shape == Shape::kMap && node.IsMap()) return named_values(key, node);
        if (node.IsScalar()) return Values{node.Scalar()};
        if (!node.IsSequence()) return fail_at(node, key + " must be a list");
        for (const auto& item : node) {
          if (!item.IsScalar()) return fail_at(item, key + " must be a list of single values");
          values.push_back(item.Scalar());
        }
        return values;
      case Shape::kTree:
        if (!node.IsMap() && !node.IsNull()) return fail_at(node, key + " must be a map");
        if (auto done = flatten(node, "", 0, values); !done) {
          return tl::unexpected(std::move(done.error()));
        }
        return values;
    }
    return values;
  }

  Result<Values> named_values(const std::string& key, const YAML::Node& map) const {
    if (auto keys = check_keys(map); !keys) return tl::unexpected(std::move(keys.error()));
    Values values;
    for (const auto& entry : map) {
      if (!entry.second.IsScalar()) {
        return fail_at(entry.second, key + '.' + entry.first.Scalar() + " must be one value");
      }
      values.push_back(entry.first.Scalar() + '=' + entry.second.Scalar());
    }
    return values;
  }

  /// {database: {url: x}, origins: [y]} -> "database.url=x", "origins.0=y"; null is an empty text.
  Result<void> flatten(const YAML::Node& node, const std::string& path, int depth, Values& out) {
    if (++app_nodes_ > kAppNodesMax || depth > kAppDepthMax) {
      return fail_at(node, "app is too large or nested too deeply");
    }
    if (node.IsScalar() || (node.IsNull() && depth > 0)) {
      out.push_back(path + '=' + node.Scalar());
      return {};
    }
    const std::string prefix = path.empty() ? "" : path + '.';
    if (node.IsMap()) {
      if (auto keys = check_keys(node); !keys) return keys;
      for (const auto& entry : node) {
        const std::string& key = entry.first.Scalar();
        if (key.empty() || key.find('=') != std::string::npos) {
          return fail_at(entry.first, "a key of app must not be empty or hold a \"=\"");
        }
        if (auto done = flatten(entry.second, prefix + key, depth + 1, out); !done) return done;
      }
    }
    if (node.IsSequence()) {
      std::size_t index = 0;
      for (const auto& item : node) {
        const std::string item_path = prefix + std::to_string(index++);
        if (auto done = flatten(item, item_path, depth + 1, out); !done) return done;
      }
    }
    return {};
  }

  const std::string name_;
  Draft& draft_;
  std::size_t app_nodes_ = 0;
};

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

std::string name_of_file(const CommandLine& command_line) {
  return std::string(command_line.config_file.empty() ? kDefaultFile : command_line.config_file);
}

Result<std::string> read_text(const CommandLine& command_line, FileKind kind) {
  return read_file(absolute(name_of_file(command_line), command_line.working_directory),
                   kFileSizeMax, kind);
}

/// What is named must be there, and so must what `running` came from.
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
  return YamlReader(name, draft).read(*text);
}

Result<void> apply_given(const std::vector<GivenSetting>& settings, std::string_view source,
                         std::string_view prefix, Draft& draft) {
  for (const GivenSetting& given : settings) {
    const std::string name = std::string(prefix) + given.flag;
    if (auto done = apply(given.key, name, given.values, source, draft); !done) return done;
  }
  return {};
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

/// A start may wait for a pipe, a master with workers may not.
Result<std::string> read_config_file(const CommandLine& command_line) {
  return read_text(command_line, FileKind::kRegular);
}

Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running,
                               const Result<std::string>& text) {
  return load(command_line, &running, text, nullptr);
}

Result<Config> load_config_text(std::string_view yaml, std::string_view name) {
  Draft draft;
  if (auto done = YamlReader(name, draft).read(std::string(yaml)); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return std::move(draft.config);
}

}  // namespace alicorn
