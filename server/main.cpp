// The whole program on a screen: what was asked for, what it comes to, then the master's life.
#include "app_api/app_library.hpp"
#include "app_api/app_report.hpp"
#include "base/escape.hpp"
#include "base/shortage.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/arbiter/signal_queue.hpp"
#include "server/cli.hpp"
#include "server/config/load.hpp"
#include "server/config/render.hpp"
#include "server/control/control_client.hpp"
#include "server/host/daemonize.hpp"
#include "server/host/privileges.hpp"
#include "server/replay.hpp"

#include <cerrno>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using alicorn::ExitCode;

int report(const alicorn::Error& error) {
  std::string line = "alicorn: ";
  alicorn::append_escaped(line, error.text(), alicorn::Escaping::kText);
  std::fprintf(stderr, "%s\n", line.c_str());
  return static_cast<int>(ExitCode::kBadUsage);
}

int print(const std::string& text) {
  const bool done = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return static_cast<int>(done ? ExitCode::kOk : ExitCode::kCannotStart);
}

int check_app(const std::string& path, const std::string& symbol) {
  const alicorn::AppReport app = alicorn::describe_app(path, symbol);
  print(app.text);
  return app.exit_code;
}

/// What the settings ask of the app, by its note.
alicorn::Result<void> check_against_app(const alicorn::Config& config) {
  const alicorn::WorkerSettings& worker = config.worker;
  const auto note = alicorn::read_app_note(worker.app_path);
  if (!note) return tl::unexpected(note.error());
  if (config.preload) {
    if (auto allowed = alicorn::require_preload_safe(worker.app_path); !allowed) return allowed;
  }
  return alicorn::check_threads(worker.threads, note->flags, worker.app_path);
}

int check_config(const alicorn::Config& config) {
  const auto identity = alicorn::resolve_identity(config.user, config.group);
  if (!identity) {
    report(identity.error());
    return static_cast<int>(ExitCode::kCannotStart);
  }
  const alicorn::AppReport app =
      alicorn::describe_app(config.worker.app_path, config.worker.app_symbol);
  if (app.exit_code == 0) {
    const auto allowed = check_against_app(config);
    if (allowed) return print("configuration ok\n");
    report(allowed.error());
    return static_cast<int>(ExitCode::kAppLoadError);
  }
  constexpr std::string_view kProblem = "error: ";
  const std::string_view text = app.text;
  const std::string_view problem = text.substr(text.find(kProblem) + kProblem.size());
  report(alicorn::Error{{}, std::string(problem.substr(0, problem.find('\n')))});
  return app.exit_code;
}

int run(int argc, char** argv) {
  using Action = alicorn::CommandLine::Action;
  const alicorn::HeldSignals held_signals;
  alicorn::open_standard_descriptors();
  auto command_line = alicorn::parse_command_line(argc, argv);
  if (!command_line) return report(command_line.error());
  if (command_line->action != Action::kServe) held_signals.release();
  if (command_line->action == Action::kPrintText) return print(command_line->text);
  if (command_line->action == Action::kControl) return run_control_client(*command_line);
  if (command_line->action == Action::kCheckApp) {
    return check_app(command_line->app_path, command_line->app_symbol);
  }

  alicorn::Sources sources;
  auto config = alicorn::load_config(*command_line, &sources);
  if (!config) return report(config.error());
  if (command_line->action == Action::kPrintConfig) return print(render_config(*config, sources));
  if (command_line->action == Action::kCheckConfig) return check_config(*config);
  if (command_line->action == Action::kReplay) return replay(*command_line, *config);

  return static_cast<int>(alicorn::Arbiter(std::move(*config), std::move(*command_line)).run());
}

}  // namespace

int main(int argc, char** argv) {
  alicorn::Error error;
  try {
    const auto fine = alicorn::require_stack();
    if (fine) return run(argc, argv);
    error = fine.error();
  } catch (const std::bad_alloc&) {
    error = {std::error_code(ENOMEM, std::system_category()), "start"};
  }
  report(error);
  return static_cast<int>(ExitCode::kCannotStart);
}
