// Arbiter: when and how it ends, and who is told.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

namespace alicorn {

/// The hook is run here, and not in finish(): if the new master of an upgrade dies meanwhile, there
/// is a service to go on with.
bool Arbiter::finished() {
  if (!succession_.is_over()) return false;
  run_exit_hook(fleet_.table.exit_code());
  if (succession_.is_over()) return true;
  premises_.signals.wake();  // there are workers to be started
  return false;
}

ExitCode Arbiter::finish() {
  const ExitCode code = fleet_.table.exit_code();
  chores_.errands().give_up(now());
  succession_.remove_pidfile();
  if (code == ExitCode::kOk) {
    const bool is_succeeded = upgrade_.standing() == Standing::kHandedOver;
    log::info(is_succeeded ? "gone, the new master serves" : "stopped");
  }
  // Who waits for the end may want the addresses.
  listening_.close();
  control_.desk().close(now());
  // Whoever still waits for that has not been told so.
  starter_.tell_failure(ExitCode::kCannotStart, "alicorn: stopped before it served");
  return code;
}

ExitCode Arbiter::fail_start(const Error& error) {
  log::critical(error.text());
  starter_.complain(ExitCode::kCannotStart, error.text());
  listening_.retire_all();
  if (has_run_starting_hook_) run_exit_hook(ExitCode::kCannotStart);
  premises_.pidfile.remove();
  control_.desk().close(now());
  return ExitCode::kCannotStart;
}

}  // namespace alicorn
