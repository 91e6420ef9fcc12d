#include "server/check.hpp"

#include "app_api/app_library.hpp"
#include "app_api/app_report.hpp"
#include "app_api/loaded_object.hpp"
#include "server/config/python_application.hpp"
#include "server/console.hpp"
#include "server/host/privileges.hpp"
#include "server/host/process.hpp"
#include "workers/contract/exit_code.hpp"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

constexpr milliseconds kLoaderTime{20'000};  // the loader has to read the files from the disk

/// The libraries that the server has already loaded; an app finds their symbols. The list cannot
/// hold paths with blanks or colons. They are rare, and the loader misses such a library only if
/// the app relies on it without declaring it.
std::string list_of_own_libraries(const std::string& loader) {
  std::string list;
  for (const std::string& path : libraries_of_this_process()) {
    if (path == loader || path.find_first_of(" :") != std::string::npos) continue;
    list.append(list.empty() ? "" : ":").append(path);
  }
  return list;
}

/// Checks the app's ELF note against what the settings ask of the app.
Result<void> check_against_app(const Config& config) {
  const WorkerSettings& worker = config.worker;
  const auto note = read_app_note(worker.app_path);
  if (!note) return tl::unexpected(note.error());
  if (config.preload) {
    if (auto allowed = require_preload_safe(worker.app_path); !allowed) return allowed;
  }
  return check_threads(worker.threads, note->flags, worker.app_path);
}

/// Says where the module of a Python application lies. False: nowhere.
bool print_module(const WorkerSettings& worker) {
  const PythonSettings& python = worker.python;
  const char* const pythonpath = std::getenv("PYTHONPATH");  // NOLINT(concurrency-mt-unsafe)
  const std::vector<std::string> folders =
      module_folders(worker, pythonpath != nullptr ? pythonpath : "");
  const std::string file = find_python_module(python.application, folders);
  std::string text = "application: " + python.application + ", served by " + worker.app_path + "\n";
  if (!file.empty()) {
    print(text + "module:    " + file + "\n");
    return true;
  }
  text +=
      "module:    error: not found; searched (code in .pth files and import hooks may know more, "
      "but nothing is run "
      "here):\n";
  for (const std::string& folder : folders) text += "             " + folder + "\n";
  print(text);
  return false;
}

}  // namespace

Result<LoaderAnswer> ask_loader(const std::string& path) {
  const std::string loader = loader_of_this_process();
  if (loader.empty()) return fail("this program has no dynamic loader");
  // As `ldd -r` does. The loader would execute a program; for a library it resolves what dlopen
  // would resolve.
  const ProgramSpawn spawn{
      .program = loader,
      .arguments = {loader, "--preload", list_of_own_libraries(loader), path},
      .directory = {},
      .inherited = {},
      .before_exec = [] {
        for (const char* name : {"LD_PRELOAD", "LD_AUDIT", "LD_DEBUG", "LD_VERBOSE"}) {
          ::unsetenv(name);
        }
        for (const char* name : {"LD_TRACE_LOADED_OBJECTS", "LD_WARN", "LD_BIND_NOW"}) {
          ::setenv(name, "1", 1);
        }
      }};
  const auto end = run_program(spawn, kLoaderTime);
  if (!end) return tl::unexpected(end.error());
  if (end->report.signal != 0) {
    return fail("the loader was killed by " + signal_name(end->report.signal));
  }
  return LoaderAnswer{.is_refusal = end->report.exit_code != 0, .text = end->complaints};
}

int check_app(WorkerSettings worker) {
  int exit_code = 0;
  if (!worker.python.application.empty()) {
    Config config;
    config.worker = std::move(worker);
    if (auto found = resolve_python_application(config, bridge_folders()); !found) {
      report(found.error());
      return static_cast<int>(ExitCode::kAppLoadError);
    }
    worker = std::move(config.worker);
  }
  if (!worker.python.application.empty() && !print_module(worker)) {
    exit_code = static_cast<int>(ExitCode::kAppLoadError);
  }
  const AppReport app = describe_app(worker.app_path, worker.app_symbol, ask_loader);
  print(app.text);
  return exit_code != 0 ? exit_code : app.exit_code;
}

int check_config(const Config& config) {
  const auto identity = resolve_identity(config.user, config.group);
  if (!identity) {
    report(identity.error());
    return static_cast<int>(ExitCode::kCannotStart);
  }
  const AppReport app = describe_app(config.worker.app_path, config.worker.app_symbol, ask_loader);
  if (!app.problems.empty()) {
    report({{}, app.problems.front()});
    return app.exit_code;
  }
  if (const auto allowed = check_against_app(config); !allowed) {
    report(allowed.error());
    return static_cast<int>(ExitCode::kAppLoadError);
  }
  for (const std::string& remark : config.remarks) report({{}, "warning: " + remark});
  return print("configuration ok\n");
}

}  // namespace alicorn
