#include "server/migrate_config.hpp"

#include "server/config/load.hpp"
#include "server/config/settings_table.hpp"
#include "server/console.hpp"
#include "server/host/process.hpp"
#include "workers/contract/exit_code.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

namespace alicorn {
namespace {

namespace fs = std::filesystem;

constexpr milliseconds kPythonTime{30'000};
constexpr std::string_view kMark = "@alicorn@";

/// Writes to stderr, which is what a program that is run here can be heard by. A set and a tuple
/// become a list, and what JSON does not know its text.
constexpr const char* kScript = R"(
import json, os, runpy, sys, types
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
def plain(value):
    if isinstance(value, (set, frozenset, tuple)): return list(value)
    if isinstance(value, bytes): return value.decode("latin-1")
    return str(value)
lines = []
for name, value in runpy.run_path(sys.argv[1], run_name="gunicorn.conf").items():
    if name.startswith("_") or isinstance(value, types.ModuleType): continue
    if name == "umask" and type(value) is int: value = format(value, "03o")
    text = "" if callable(value) else json.dumps(value, default=plain)
    lines.append("@alicorn@" + name + "\t" + text + "\n")
sys.stderr.write("\n" + "".join(lines))
)";

using Renamed = std::pair<std::string_view, std::string_view>;
constexpr std::array kRenamed = {Renamed{"wsgi_app", "application"},
                                 Renamed{"preload_app", "preload"}};
constexpr std::array<std::string_view, 16> kHooks = {
    "on_starting", "on_reload",        "when_ready",   "pre_fork",
    "post_fork",   "post_worker_init", "worker_int",   "worker_abort",
    "pre_exec",    "pre_request",      "post_request", "child_exit",
    "worker_exit", "nworkers_changed", "on_exit",      "ssl_context"};

std::string comment(std::string_view name, std::string_view value, std::string_view why) {
  std::string text = "# " + std::string(name);
  if (!value.empty()) text.append(": ").append(value);
  return text.append("\n#   ").append(why).append("\n");
}

/// The line of a setting that Alicorn has, too; as a comment, if it does not take the value.
std::string line_of(std::string_view key, const std::string& value) {
  const std::string line = std::string(key) + ": " + value + "\n";
  const auto config = load_config_text(line, "gunicorn.conf.py");
  return config ? line : comment(key, value, config.error().text());
}

std::string migrated(const GunicornVariable& variable) {
  const std::string& name = variable.name;
  if (variable.value.empty()) {
    const bool is_hook = std::find(kHooks.begin(), kHooks.end(), name) != kHooks.end();
    if (!is_hook) return {};
    return comment(name, {}, "a function: commands under hooks take its place, or code of the app");
  }
  if (variable.value == "null") return {};
  const bool is_usual_class =
      name == "worker_class" && (variable.value == "\"sync\"" || variable.value == "\"gthread\"");
  if (is_usual_class) return {};
  for (const auto& [old_name, new_name] : kRenamed) {
    if (old_name == name) return line_of(new_name, variable.value);
  }
  if (const std::string why = not_applicable(name); !why.empty()) {
    return comment(name, variable.value, why);
  }
  return find_setting(name) != nullptr ? line_of(name, variable.value) : std::string();
}

/// The first python3 of PATH.
std::string find_python() {
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const fs::path file = fs::path(rest.substr(0, end)) / "python3";
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file.string();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

Result<std::vector<GunicornVariable>> read_variables(const std::string& file) {
  const std::string python = find_python();
  if (python.empty()) return fail("migrate-config needs Python: there is no python3 in PATH");
  const auto end = run_program({.program = python,
                                .arguments = {python, "-c", kScript, file},
                                .directory = {},
                                .inherited = {},
                                .before_exec = [] {}},
                               kPythonTime);
  if (!end) return tl::unexpected(end.error());
  if (end->report.signal != 0 || end->report.exit_code != 0) {
    return fail("Python cannot execute " + file + ": " + end->complaints);
  }
  std::vector<GunicornVariable> variables;
  std::string_view rest = end->complaints;
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, size);
    rest.remove_prefix(std::min(size + 1, rest.size()));
    const std::size_t tab = line.find('\t');
    if (!line.starts_with(kMark) || tab == std::string_view::npos) continue;
    variables.push_back({std::string(line.substr(kMark.size(), tab - kMark.size())),
                         std::string(line.substr(tab + 1))});
  }
  return variables;
}

}  // namespace

std::string migrate(const std::vector<GunicornVariable>& variables, const std::string& file) {
  std::string text = "# Made from " + file +
                     " by alicorn migrate-config. Comments name what has no counterpart, or is not "
                     "taken.\n";
  for (const GunicornVariable& variable : variables) text += migrated(variable);
  return text;
}

int migrate_config(const std::string& file) {
  const auto variables = read_variables(file);
  if (variables) return print(migrate(*variables, file));
  const std::string text = variables.error().text();
  for (std::string_view rest = text; !rest.empty();) {  // a traceback has lines
    const std::size_t size = std::min(rest.find('\n'), rest.size());
    report({{}, std::string(rest.substr(0, size))});
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  return static_cast<int>(ExitCode::kCannotStart);
}

}  // namespace alicorn
