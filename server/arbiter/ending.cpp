// Arbiter: when and how it ends, and who is told.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

namespace alicorn {

bool Arbiter::is_over() const {
  const bool is_to_end = fleet_.table.stop_mode() != StopMode::kNone || upgrade_.has_handed_over();
  // A zygote keeps the addresses of its listeners.
  const bool all_left = fleet_.table.all_left() && zygotes_.empty();
  return is_to_end && all_left && !upgrade_.successor().is_dismissed();
}

/// The hook is run here, and not in finish(): if the new master of an upgrade dies meanwhile, there
/// is a service to go on with.
bool Arbiter::finished() {
  if (!is_over()) return false;
  run_exit_hook(fleet_.table.exit_code());
  if (is_over()) return true;
  premises_.signals.wake();  // there are workers to be started
  return false;
}

/// A child that was to move the file may have done so, and have been killed before it could say
/// that.
void Arbiter::remove_pidfile() {
  const std::string& place = upgrade_.place_of_pidfile();
  if (place.empty()) return premises_.pidfile.remove();
  const std::string aside = upgrade_.place_aside(premises_.pidfile);
  // What a new master has left that was killed goes, too. Another server's stays.
  if (!upgrade_.has_successor()) static_cast<void>(premises_.pidfile.move_back_to(place));
  premises_.pidfile.remove({place, aside});
}

ExitCode Arbiter::finish() {
  const ExitCode code = fleet_.table.exit_code();
  chores_.errands().give_up(now());
  remove_pidfile();
  if (code == ExitCode::kOk) {
    const bool is_succeeded = upgrade_.has_handed_over() && upgrade_.has_successor();
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
