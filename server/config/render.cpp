#include "server/config/render.hpp"

#include "base/ascii.hpp"
#include "server/config/settings_table.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

using Shape = Field::Shape;

// ---- YAML

bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  });
}

std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append("\\x").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string yaml_scalar(const Setting& setting, std::string_view text) {
  return setting.field.style == Field::Style::kPlain ? std::string(text) : quoted(text);
}

/// "NAME=VALUE" -> `NAME: "VALUE"`
std::string yaml_pair(std::string_view value) {
  const std::string_view name = value.substr(0, value.find('='));
  return (is_plain(name) ? std::string(name) : quoted(name)) + ": " +
         quoted(value.substr(name.size() + 1));
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : between).append(part);
  return text;
}

/// The value as YAML on one line.
std::string yaml_value(const Setting& setting, const Config& config) {
  const Values values = setting.field.get(config);
  std::vector<std::string> parts;
  const bool named = setting.field.shape == Shape::kMap || setting.field.shape == Shape::kTree;
  for (const std::string& value : values) {
    parts.push_back(named ? yaml_pair(value) : yaml_scalar(setting, value));
  }
  switch (setting.field.shape) {
    case Shape::kOne:
    case Shape::kSwitch:
      return joined(parts, "");
    case Shape::kList:
      return '[' + joined(parts, ", ") + ']';
    case Shape::kMap:
    case Shape::kTree:
      return '{' + joined(parts, ", ") + '}';
  }
  return {};
}

// ---- wrapped text

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (text.size() > width) {
    std::size_t end = text.rfind(' ', width);
    if (end == std::string_view::npos) {
      // A list without spaces (so that it can be pasted) is broken after a comma.
      const std::size_t comma = text.rfind(',', width - 1);
      end = comma != std::string_view::npos ? comma + 1 : text.find(' ');
    }
    if (end == std::string_view::npos) break;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(text[end] == ' ' ? end + 1 : end);
  }
  lines.emplace_back(text);
  return lines;
}

std::string sentences(const Setting& setting) {
  std::string text(setting.help);
  text += '.';
  if (!setting.details.empty()) text.append(" ").append(setting.details);
  return text;
}

template <class EachSetting, class EachGroup>
void for_each_in_groups(EachGroup on_group, EachSetting on_setting) {
  const Setting* last = nullptr;
  for (const Setting& setting : settings_table()) {
    if (last == nullptr || last->group != setting.group) on_group(setting.group);
    on_setting(setting);
    last = &setting;
  }
}

// ---- help

constexpr std::size_t kHelpWidth = 100;
constexpr std::size_t kHelpColumn = 38;

void append_help_line(std::string& out, std::string_view flags, bool is_switch,
                      std::string_view metavar, std::string_view help) {
  const std::string_view brief = short_flag(flags);
  std::string left = brief.empty() ? "      " : "  " + std::string(brief) + ", ";
  left += is_switch ? "--[no-]" + std::string(long_flag(flags).substr(2)) : long_flag(flags);
  if (!metavar.empty()) left.append(" ").append(metavar);
  if (left.size() >= kHelpColumn) out.append(std::exchange(left, {})).append("\n");
  for (const std::string& line : wrapped(help, kHelpWidth - kHelpColumn)) {
    left.resize(kHelpColumn, ' ');
    out.append(left).append(line).append("\n");
    left.clear();
  }
}

void append_help_line(std::string& out, const CommandFlag& flag) {
  append_help_line(out, flag.flags, false, flag.metavar, flag.help);
}

std::string help_default(const Setting& setting) {
  const Values values = setting.field.get(default_config());
  std::string text = joined(values, setting.field.shape == Shape::kMap ? " " : ",");
  return text.empty() ? "" : " [" + text + ']';
}

std::string flags_for_reference(const Setting& setting) {
  if (setting.flags.empty()) return "";
  std::string text;
  std::string_view rest = setting.flags;
  while (!rest.empty()) {
    const std::string_view flag = rest.substr(0, rest.find(','));
    text.append(text.empty() ? "`" : ", `").append(flag).append("`");
    rest.remove_prefix(std::min(flag.size() + 1, rest.size()));
  }
  if (setting.field.shape == Shape::kSwitch) {
    text.append(", `--no-").append(long_flag(setting.flags).substr(2)).append("`");
  }
  return text;
}

void append_reference(std::string& out, const Setting& setting) {
  const std::string flags = flags_for_reference(setting);
  out.append("### ").append(setting.key).append("\n\n").append(sentences(setting)).append("\n\n");
  if (!flags.empty()) out.append("- Flag: ").append(flags).append("\n");
  out.append("- Value: ").append(setting.field.allowed).append("\n");
  out.append("- Default: `").append(yaml_value(setting, default_config())).append("`\n");
  out.append("- A change takes: ")
      .append(setting.takes == Takes::kReload ? "a reload (SIGHUP)" : "a restart")
      .append("\n\n");
}

constexpr std::string_view kReferenceHead = R"(# Configuration

<!-- Generated from server/config/settings_table.cpp by script/generate-docs. -->

Every setting can be given in a YAML file and, if it has a flag, on the command line. Later sources
take precedence:

1. the defaults, some of which environment variables change: `PORT`, `WEB_CONCURRENCY`,
   `FORWARDED_ALLOW_IPS`;
2. the configuration file: `-c PATH`, or `./alicorn.yaml` if it exists;
3. the flags in the environment variable `ALICORN_CMD_ARGS`, quoted as for a shell;
4. the flags on the command line.

A list or a map from a later source replaces the earlier one as a whole; flags that are repeated in
one source add up.

The application is the argument of the command line: `alicorn [OPTIONS] APP.so[:SYMBOL]`.

**Durations** are seconds (`30`, `0.5`) or have a unit: `500ms`, `30s`, `2m`, `1h`. **Sizes** are
bytes (`8190`) or have a unit: `kB`, `MB`, `GB`, `TB` are powers of 1000, `KiB`, `MiB`, `GiB`,
`TiB` powers of 1024.

**Paths**: `-c` and `chdir` are relative to the directory in which the server was started. All other
paths are relative to `chdir`, or to that same directory if `chdir` is not set.

`alicorn --check-config` checks a configuration. `alicorn --print-config` prints every value and
where it comes from. Secrets in `app` and `raw_env` are printed as they are, so read the output
before you show it to anybody. An unknown name or a wrong value ends a start with exit code 2; on a
reload it is logged, and the running configuration stays in force.

`--check-config` reads the settings, looks up `user` and `group`, and inspects the application
without running any of it: its ABI, its entry point, the libraries it needs, and whether its flags
allow `threads` and `preload`. It opens nothing. Only a start can tell whether an address is free,
whether the folders of logs, pidfile, sockets and `crash_dir` exist and are writable, whether the
hooks' programs can be run, and whether the application itself starts.

)";

constexpr std::string_view kExampleHead =
    R"(# Every setting of Alicorn with its default: remove the # in front of the ones you change.
# Generated from server/config/settings_table.cpp by script/generate-docs.
#
# Durations are seconds (30, 0.5) or have a unit: 500ms, 30s, 2m, 1h.
# Sizes are bytes (8190) or have a unit: kB, MB, GB, TB; KiB, MiB, GiB, TiB.
)";

}  // namespace

std::string render_help() {
  std::string out =
      "Usage: alicorn [OPTIONS] APP.so[:SYMBOL]\n"
      "       alicorn [OPTIONS] MODULE[:CALLABLE]   A WSGI application in Python\n"
      "       alicorn check APP.so           Describe an application without running any of it\n"
      "       alicorn migrate-config FILE    Turn a gunicorn.conf.py into an alicorn.yaml\n"
      "       alicorn replay FILE APP.so     Run recorded requests through an application\n"
      "       alicorn ctl COMMAND            Query or control a running server: alicorn ctl "
      "--help\n\n"
      "Flags override ALICORN_CMD_ARGS, which overrides the configuration file.\n"
      "SECONDS: 30, 0.5, 500ms, 2m. SIZE: bytes, or 10MB, 16MiB, 1GiB.\n\n";
  for (const CommandFlag& flag :
       {kConfigFlag, kCheckConfigFlag, kPrintConfigFlag, kVersionFlag, kHelpFlag}) {
    append_help_line(out, flag);
  }
  for_each_in_groups(
      [&](Group group) {
        if (group != Group::kApplication) out.append("\n").append(title_of(group)).append(":\n");
      },
      [&](const Setting& setting) {
        if (setting.flags.empty()) return;
        append_help_line(out, setting.flags, setting.field.shape == Shape::kSwitch, setting.metavar,
                         std::string(setting.help) + help_default(setting));
      });
  return out;
}

std::string render_config(const Config& config, const Sources& sources) {
  constexpr std::size_t kSourceColumn = 36;
  std::string out;
  for_each_in_groups(
      [&](Group group) {
        out.append(out.empty() ? "# " : "\n# ").append(title_of(group)).append("\n");
      },
      [&](const Setting& setting) {
        const auto source = sources.find(setting.key);
        const Values values = setting.field.get(config);
        const bool is_block = setting.field.shape == Shape::kTree && !values.empty();
        std::string line = std::string(setting.key) + ':';
        if (!is_block) line += ' ' + yaml_value(setting, config);
        line.resize(std::max(line.size(), kSourceColumn), ' ');
        out.append(line).append("  # ");
        out.append(source == sources.end() ? "default" : source->second).append("\n");
        if (!is_block) return;
        for (const std::string& value : values) {
          out.append("  ").append(yaml_pair(value)).append("\n");
        }
      });
  return out;
}

std::string render_example() {
  constexpr std::size_t kWidth = 98;
  const Config defaults = default_config();
  std::string out(kExampleHead);
  for_each_in_groups(
      [&](Group group) { out.append("\n# ---- ").append(title_of(group)).append("\n"); },
      [&](const Setting& setting) {
        out += '\n';
        for (const std::string& line : wrapped(sentences(setting), kWidth)) {
          out.append("# ").append(line).append("\n");
        }
        out.append("# Value: ").append(setting.field.allowed).append(".\n");
        out.append("#").append(setting.key).append(": ");
        out.append(yaml_value(setting, defaults)).append("\n");
      });
  return out;
}

std::string render_reference() {
  std::string out(kReferenceHead);
  for_each_in_groups([&](Group group) { out.append("## ").append(title_of(group)).append("\n\n"); },
                     [&](const Setting& setting) { append_reference(out, setting); });
  out.pop_back();
  return out;
}

}  // namespace alicorn
