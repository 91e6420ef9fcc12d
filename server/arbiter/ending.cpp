// Arbiter: when and how it ends, and who is told.
#include "base/append_file.hpp"
#include "base/escape.hpp"
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

#include <unistd.h>

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
  signals_.wake();  // there are workers to be started
  return false;
}

/// A child that was to move the file may have done so, and have been killed before it could say
/// that.
void Arbiter::remove_pidfile() {
  const std::string& place = upgrade_.place_of_pidfile();
  if (place.empty()) return pidfile_.remove();
  const std::string aside = upgrade_.place_aside(pidfile_);
  // What a new master has left that was killed goes, too. Another server's stays.
  if (!upgrade_.has_successor()) static_cast<void>(pidfile_.move_back_to(place));
  pidfile_.remove({place, aside});
}

ExitCode Arbiter::finish() {
  const ExitCode code = fleet_.table.exit_code();
  errands_.give_up(now());
  remove_pidfile();
  if (code == ExitCode::kOk) {
    const bool is_succeeded = upgrade_.has_handed_over() && upgrade_.has_successor();
    log::info(is_succeeded ? "gone, the new master serves" : "stopped");
  }
  // Who waits for the end may want the addresses.
  postponed_.clear();
  fleet_.generations.drop_unless([](std::uint32_t) { return false; });
  control_.close(now());
  // Whoever still waits for that has not been told so.
  answer_starter(ExitCode::kCannotStart, "alicorn: stopped before it served");
  return code;
}

ExitCode Arbiter::fail_start(const Error& error) {
  log::critical(error.text());
  complain(ExitCode::kCannotStart, error.text());
  retire(fleet_.generations.all_listeners());
  if (has_run_starting_hook_) run_exit_hook(ExitCode::kCannotStart);
  pidfile_.remove();
  control_.close(now());
  return ExitCode::kCannotStart;
}

/// To the command that made a daemon, or the old master of an upgrade.
void Arbiter::answer_starter(ExitCode code, const std::string& line) {
  start_report_.send(code, line);
  upgrade_.say_failure(line);
}

/// To whoever started the server, where the log is not what they see.
void Arbiter::complain(ExitCode code, std::string_view text) {
  std::string line = "alicorn: ";
  append_escaped(line, text, Escaping::kText);
  answer_starter(code, line);
  // A terminal that is held, or a pipe that nobody reads, is no reason to stay.
  if (config_.error_log.path != "-") {
    static_cast<void>(AppendFile::borrow(STDERR_FILENO).append(line + '\n'));
  }
}

}  // namespace alicorn
