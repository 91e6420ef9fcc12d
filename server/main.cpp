// The whole program on one screen: parse the command line, load the configuration, run the master.
#include "base/shortage.hpp"
#include "base/standard_streams.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/check.hpp"
#include "server/cli.hpp"
#include "server/config/load.hpp"
#include "server/config/render.hpp"
#include "server/console.hpp"
#include "server/control/control_client.hpp"
#include "server/host/daemonize.hpp"
#include "server/host/signal_queue.hpp"
#include "server/migrate_config.hpp"
#include "server/replay.hpp"

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace {

using alicorn::ExitCode;
using alicorn::print;
using alicorn::report;

int run(int argc, char** argv) {
  using Action = alicorn::CommandLine::Action;
  const alicorn::HeldSignals held_signals;
  alicorn::open_standard_streams();
  auto command_line = alicorn::parse_command_line(argc, argv);
  if (!command_line) return report(command_line.error());
  if (command_line->action != Action::kServe) held_signals.release();
  if (command_line->action == Action::kPrintText) return print(command_line->text);
  if (command_line->action == Action::kControl) return run_control_client(*command_line);
  if (command_line->action == Action::kCheckApp) {
    return alicorn::check_app(std::move(command_line->checked));
  }
  if (command_line->action == Action::kMigrate) {
    return alicorn::migrate_config(command_line->migrated_file);
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
