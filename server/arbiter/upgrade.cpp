// Arbiter: the binary upgrade, in the old master and in the new one.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/arbiter/report.hpp"
#include "server/config/load.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <unistd.h>

namespace alicorn {
namespace {

using Stage = Successor::Stage;

constexpr milliseconds kStartSlack{2'000};     // of the new master itself, without its workers
constexpr milliseconds kGracefulSlack{2'000};  // as for a worker: it cuts what is left itself
constexpr milliseconds kQuickGrace{5'000};

std::string with_pid(std::string_view who, pid_t pid) {
  return std::string(who) + " (pid " + std::to_string(pid) + ")";
}

/// A worker that hung once may be ready at the second try. The new master goes by the file as it is
/// now, which may give its app more time.
milliseconds time_to_serve(const CommandLine& command_line, const Config& running) {
  const auto next = reload_config(command_line, running);
  const milliseconds boot =
      next ? std::max(next->config.boot_timeout, running.boot_timeout) : running.boot_timeout;
  return 2 * boot + kStartSlack;
}

}  // namespace

void Arbiter::upgrade() {
  if (table_->stop_mode() != StopMode::kNone) return;
  if (::getpid() == 1) {
    return log::error(
        "SIGUSR2 ignored: this master is process 1, and when it leaves, its container ends; "
        "start a new container instead, or send SIGHUP to load the app anew");
  }
  if (upgrade_.has_peer()) {
    return log::warning("SIGUSR2 ignored: an upgrade is under way, old and new master both run");
  }
  const Generation& goal = generations_.at(table_->goal_generation());
  const Upgrade::Plan plan{.is_automatic = goal.config.upgrade == UpgradeMode::kAutomatic,
                           .serves_by = now() + time_to_serve(command_line_, goal.config)};
  const auto pid = upgrade_.start(goal.listeners, pidfile_, notifier_, plan);
  if (!pid) {
    note_failure(pid.error().text());
    return log::error("upgrade: " + pid.error().text());
  }
  log::info("upgrade: a new master starts", {{"new_pid", std::to_string(*pid)}});
  tell(Hook::kPreExec, {});
}

/// What an upgrade that is under way changes about a signal. True: nothing is left to do about it.
bool Arbiter::is_for_upgrade(int signal) {
  if (upgrade_.is_automatic()) return is_for_successor(signal);
  return upgrade_.relieves_predecessor() && waits_for_predecessor(signal);
}

/// In the old master: two of them read no configuration, and start no third one.
bool Arbiter::is_for_successor(int signal) {
  Successor& successor = upgrade_.successor();
  const std::string name = signal_name(signal);
  switch (signal) {
    case SIGHUP:
      if (successor.stage() == Stage::kDismissed) return false;
      [[fallthrough]];
    case SIGUSR2:
      if (upgrade_.has_handed_over()) {
        log::info(name + " passed on to " + with_pid("the new master", successor.pid()));
        return send_signal(successor.pid(), signal);
      }
      upgrade_.put_off(signal);
      log::info(name + " put off until the new master serves, or is given up");
      return true;
    case SIGWINCH:
      log::info(name +
                " ignored: the workers leave when the new master serves (upgrade: automatic)");
      return true;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      if (upgrade_.has_handed_over()) return false;
      // The service is to stop, not to change.
      successor.dismiss(
          signal, now(),
          signal == SIGTERM ? table_->graceful_timeout() + kGracefulSlack : kQuickGrace);
      return false;
    default:
      return false;
  }
}

/// In the new one. Under a supervisor its end would be that of the old one's requests too; asked a
/// second time, it stops at once.
bool Arbiter::waits_for_predecessor(int signal) {
  const bool may_wait =
      signal == SIGUSR2 || (signal == SIGTERM && upgrade_.has_leaving_predecessor());
  if (!may_wait) return false;
  const bool is_first = upgrade_.put_off(signal);
  if (signal == SIGTERM && !is_first) return false;
  log::info(signal_name(signal) + " put off until the old master has left");
  return true;
}

void Arbiter::follow_upgrade() {
  Successor& successor = upgrade_.successor();
  if (successor.listen()) hand_over();
  if (successor.is_late(now())) {
    log::error(with_pid("the new master", successor.pid()) +
               " does not serve in time, and is told to end");
    successor.dismiss(SIGTERM, now(), table_->graceful_timeout() + kGracefulSlack);
  }
  successor.kill_if_it_stays(now());
  if (successor.pid() > 0 || upgrade_.relieves_predecessor()) return;
  for (const int signal : upgrade_.take_put_off()) handle(signal);
}

void Arbiter::hand_over() {
  const pid_t pid = upgrade_.successor().pid();
  if (!upgrade_.is_automatic()) {
    return log::info(with_pid("the new master", pid) + " serves beside this one");
  }
  if (table_->stop_mode() != StopMode::kNone) return;
  log::info(with_pid("the new master", pid) + " serves: this one finishes its requests and leaves");
  upgrade_.hand_over();
  table_->park();
  for (const int signal : upgrade_.take_put_off()) send_signal(pid, signal);
}

/// Whatever was handed over to the new master is this one's again.
void Arbiter::go_on_without_successor(const ExitReport& report) {
  const std::string end = describe_successor_end(report, upgrade_.last_words());
  take_control_back();
  if (table_->stop_mode() != StopMode::kNone) {
    log::warning(end + "; this one stops all the same");
    notifier_.stopping(time_to_stop());
    return retire(generations_.all_listeners());
  }
  const bool was_stopped = report.signal == 0 && report.exit_code == 0;
  if (upgrade_.has_handed_over() && was_stopped) {
    return log::info(end + ": the service stops, and this one leaves too");
  }
  upgrade_.take_back();
  note_failure(end);
  // The service manager follows this process again; it is told of workers when they are in place.
  notifier_.main_process();
  const bool was_parked = table_->unpark();
  log::warning(end + (was_parked ? "; this one starts its workers again" : "; this one goes on"));
  if (table_->has_ready_workers()) notifier_.ready();
}

/// In the new master: an address that the configuration no longer names.
void Arbiter::keep_superseded(const Listeners& inherited) {
  const Listeners used = generations_.all_listeners();
  for (const auto& listener : inherited) {
    if (std::find(used.begin(), used.end(), listener) != used.end()) continue;
    listener->fd.reset();  // its queue is the old master's, and no worker of ours may hold it open
    superseded_.push_back(listener);
  }
}

void Arbiter::replace_predecessor() {
  if (upgrade_.is_successor() && !upgrade_.serves()) {
    take_control();
    tell(Hook::kWhenReady, {});
  }
  upgrade_.note_serving();
  start_report_.send(ExitCode::kOk);
  if (!upgrade_.has_leaving_predecessor()) return;
  for (const auto& listener : std::exchange(superseded_, {})) unlink_path(*listener);
}

}  // namespace alicorn
