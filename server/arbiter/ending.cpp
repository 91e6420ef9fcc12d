// Arbiter: when and how it ends, and who is told.
#include "base/escape.hpp"
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

#include <stdio.h>
#include <unistd.h>

namespace alicorn {

bool Arbiter::is_over() const {
  const bool is_to_end = table_->stop_mode() != StopMode::kNone || upgrade_.has_handed_over();
  const bool awaits_successor = upgrade_.successor().stage() == Successor::Stage::kDismissed;
  // A zygote keeps the addresses of its listeners.
  return is_to_end && table_->all_left() && zygotes_.empty() && !awaits_successor;
}

/// The hook is run here, and not in finish(): if the new master of an upgrade dies meanwhile, there
/// is a service to go on with.
bool Arbiter::finished() {
  if (!is_over()) return false;
  run_exit_hook(table_->exit_code());
  if (is_over()) return true;
  signals_.wake();  // there are workers to be started
  return false;
}

ExitCode Arbiter::finish() {
  const ExitCode code = table_->exit_code();
  errands_.give_up();
  pidfile_.remove();
  if (code == ExitCode::kOk) {
    const bool is_succeeded = upgrade_.has_handed_over() && upgrade_.has_successor();
    log::info(is_succeeded ? "gone, the new master serves" : "stopped");
  }
  // Who waits for the end may want the addresses.
  postponed_.clear();
  generations_.drop_unless([](std::uint32_t) { return false; });
  control_.close(now());
  // Whoever still waits for that has not been told so.
  answer_starter(ExitCode::kCannotStart, "alicorn: stopped before it served");
  return code;
}

ExitCode Arbiter::fail_start(const Error& error) {
  log::critical(error.text());
  complain(ExitCode::kCannotStart, error.text());
  retire(generations_.all_listeners());
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
  if (config_.error_log.path != "-") ::dprintf(STDERR_FILENO, "%s\n", line.c_str());
}

}  // namespace alicorn
