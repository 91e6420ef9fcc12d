// Arbiter: the binary upgrade, in the old master and in the new one.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/config/load.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <unistd.h>

namespace alicorn {
namespace {

using Stage = Successor::Stage;

constexpr milliseconds kStartSlack{2'000};  // of the new master itself, without its workers
// It kills its own workers, three seconds after graceful_timeout or after five, and leaves those
// behind that have not ended in three more: more than that.
constexpr milliseconds kGracefulSlack{8'000};
constexpr milliseconds kQuickGrace{10'000};

std::string with_pid(std::string_view who, pid_t pid) {
  return std::string(who) + " (pid " + std::to_string(pid) + ")";
}

}  // namespace

/// The new master goes by the file as it is now, which may give it more time.
Upgrade::Plan Arbiter::plan_upgrade(const Result<std::string>& configuration) const {
  const Config& running = fleet_.goal().config;
  const auto next = reload_config(premises_.command_line, running, configuration);
  const Config& wanted = next ? next->config : running;
  const milliseconds graceful =
      std::max(policy_of(running).graceful_timeout, policy_of(wanted).graceful_timeout);
  return {
      .is_automatic = running.upgrade == UpgradeMode::kAutomatic,
      .serves_by = now() + std::max(time_to_serve(running), time_to_serve(wanted)) + kStartSlack,
      .grace = graceful + kGracefulSlack,
      .leaves_within = service_.time_to_stop()};
}

bool Arbiter::may_upgrade() {
  if (fleet_.table.stop_mode() != StopMode::kNone) return false;
  if (::getpid() == 1) {
    log::error(
        "SIGUSR2 ignored: this master is process 1, and when it leaves, its container ends; "
        "start a new container instead, or send SIGHUP to load the app anew");
    return false;
  }
  if (left_behind_.is_full()) {
    log::error("SIGUSR2 ignored: " + LeftBehind::refusal());
    return false;
  }
  if (upgrade_.has_peer()) {
    log::warning("SIGUSR2 ignored: an upgrade is under way, old and new master both run");
    return false;
  }
  if (upgrade_.has_successor()) {
    upgrade_.put_off(SIGUSR2, now());
    log::info("SIGUSR2 put off until the new master has ended");
    return false;
  }
  return true;
}

/// Another one may have begun since it was asked for.
void Arbiter::upgrade() {
  if (!may_upgrade()) return static_cast<void>(chores_.end());
  const std::string aside = upgrade_.place_aside(premises_.pidfile);
  chores_.send({.purpose = "upgrade",
                .work =
                    [this, aside] {
                      ErrandFinds finds;
                      for (const auto& step :
                           {read_config_file(premises_.command_line),
                            premises_.pidfile.make_room(aside).map([] { return std::string(); })}) {
                        finds.push_back(step.map(
                            [](const std::string& text) { return ErrandFind{.text = text}; }));
                      }
                      return finds;
                    },
                .done =
                    [this, aside](Result<ErrandFinds> finds) {
                      start_successor(std::move(finds), aside);
                      chores_.end();
                    }});
}

void Arbiter::start_successor(Result<ErrandFinds> finds, const std::string& aside) {
  constexpr std::size_t kText = 0, kPidfile = 1, kFinds = 2;
  const auto give_up = [this](const Error& error) {
    service_.note_failure(error.text(), "no new master could be started");
    log::error("upgrade: " + error.text());
  };
  if (!finds || finds->size() != kFinds) {
    // Nobody knows how far the child came.
    chores_.ask(Chores::Kind::kTakePidfileBack);
    return give_up(finds ? Error{{}, "not all files came back"} : finds.error());
  }
  if (const auto& moved = finds->at(kPidfile); !moved) return give_up(moved.error());
  premises_.pidfile.note_place(aside);
  if (fleet_.table.stop_mode() != StopMode::kNone) return;
  const auto configuration = finds->at(kText).map([](const ErrandFind& find) { return find.text; });
  const Listeners& listeners = fleet_.goal().listeners;
  const auto pid = upgrade_.start(listeners, service_.notifier(), plan_upgrade(configuration));
  if (!pid) {
    chores_.ask(Chores::Kind::kTakePidfileBack);
    return give_up(pid.error());
  }
  log::info("upgrade: a new master starts", {{"new_pid", std::to_string(*pid)}});
  hooks_.tell(Hook::kPreExec, {});
}

/// Its place is a new master's, if there is another one by now: when that has ended, this is asked
/// for again.
void Arbiter::take_pidfile_back() {
  if (upgrade_.has_successor()) return static_cast<void>(chores_.end());
  chores_.send({.purpose = "pidfile",
                .work =
                    [this] {
                      ErrandFinds finds;
                      auto lock = premises_.pidfile.come_back(upgrade_.place_of_pidfile());
                      finds.push_back(std::move(lock).map(
                          [](UniqueFd fd) { return ErrandFind{.fd = LingeringFd(fd.release())}; }));
                      return finds;
                    },
                .done =
                    [this](Result<ErrandFinds> finds) {
                      chores_.end();
                      const bool has_moved = finds && finds->size() == 1 && finds->front();
                      if (has_moved) {
                        return premises_.pidfile.note_place(upgrade_.place_of_pidfile(),
                                                            UniqueFd(finds->front()->fd.release()));
                      }
                      if (is_over()) return;  // it goes now, wherever it is
                      const Error& error = finds ? finds->front().error() : finds.error();
                      log::error("upgrade: " + error.text() +
                                 "; the pidfile does not name this master");
                    }});
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
      if (successor.is_dismissed()) return false;
      [[fallthrough]];
    case SIGUSR2:
      if (upgrade_.has_handed_over()) {
        log::info(name + " passed on to " + with_pid("the new master", successor.pid()));
        return send_signal(successor.pid(), signal);
      }
      upgrade_.put_off(signal, now());
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
      // The service is to stop, not to change; and the new master may have come to serve just now.
      if (hear_successor()) {
        send_signal(successor.pid(), signal);
      } else {
        successor.dismiss(signal, now(), signal == SIGTERM ? upgrade_.grace() : kQuickGrace);
      }
      return false;
    default:
      return false;
  }
}

/// In the new one. Under a supervisor its end would be that of the old one's requests too; asked
/// once more, and not only told the same twice, it stops at once.
bool Arbiter::waits_for_predecessor(int signal) {
  const bool may_wait =
      signal == SIGUSR2 || (signal == SIGTERM && upgrade_.has_leaving_predecessor());
  if (!may_wait) return false;
  const MonotonicTime present = now();
  const bool is_overdue = upgrade_.has_overdue_predecessor(present, service_.time_to_stop());
  if (is_overdue && signal == SIGTERM) {
    log::warning(with_pid("the old master", upgrade_.predecessor().pid()) +
                 " should have left, and is there: this one stops without waiting for it");
    return false;
  }
  const MonotonicTime since = upgrade_.put_off(signal, present);
  const bool is_repeated = signal == SIGTERM && since != present;
  if (is_repeated && present - since >= kSecondThought) return false;
  if (is_repeated) {
    log::info("SIGTERM again, taken for the same: put off until the old master has left");
    return true;
  }
  if (signal == SIGTERM) {
    const milliseconds own = service_.time_to_stop();
    // A binary from before it said how long it takes has settings like ours.
    service_.say_stopping(std::max(upgrade_.predecessor().leaves_within(), own) + own);
  }
  log::info(signal_name(signal) + " put off until the old master has left");
  return true;
}

void Arbiter::follow_upgrade() {
  upgrade_.watch_predecessor(now());
  Successor& successor = upgrade_.successor();
  if (successor.is_late(now()) && !hear_successor()) {
    log::error(with_pid("the new master", successor.pid()) +
               " does not serve in time, and is told to end");
    successor.dismiss(SIGTERM, now(), upgrade_.grace());
  }
  successor.kill_if_it_stays(now());
  const bool is_awaited = upgrade_.relieves_predecessor() &&
                          !upgrade_.has_overdue_predecessor(now(), service_.time_to_stop());
  if (successor.pid() > 0 || is_awaited) return;
  for (const auto& [signal, since] : upgrade_.take_put_off()) {
    // An old master that has hung up, and is there all the same: a third one waits for its end.
    if (signal == SIGUSR2 && upgrade_.has_predecessor()) {
      upgrade_.put_off(signal, now());
    } else {
      handle(signal);
    }
  }
}

/// Whether it has come to serve since the last call.
bool Arbiter::hear_successor() {
  if (!upgrade_.listen()) return false;
  hand_over();
  return true;
}

void Arbiter::hand_over() {
  const pid_t pid = upgrade_.successor().pid();
  const auto pass_put_off_on = [&] {
    for (const auto& [signal, since] : upgrade_.take_put_off()) send_signal(pid, signal);
  };
  if (!upgrade_.is_automatic()) {
    log::info(with_pid("the new master", pid) + " serves beside this one");
    return pass_put_off_on();
  }
  if (fleet_.table.stop_mode() != StopMode::kNone) return;
  log::info(with_pid("the new master", pid) + " serves: this one finishes its requests and leaves");
  upgrade_.hand_over();
  starter_.tell_success();  // of a daemon that was still starting: the service runs
  fleet_.table.park();
  control_.desk().note_end_of_reload("given up", "a new master has taken over", now());
  listening_.retire_all();  // that is, those which the new master does without
  pass_put_off_on();
}

/// Whatever was handed over to the new master is this one's again.
void Arbiter::go_on_without_successor(const ExitReport& report) {
  const std::string end = describe_successor_end(report, upgrade_.last_words());
  control_.take_back();
  if (fleet_.table.stop_mode() != StopMode::kNone) {
    log::warning(end + "; this one stops all the same");
    service_.say_stopping();
    return listening_.retire_all();
  }
  const bool was_stopped = report.signal == 0 && report.exit_code == 0;
  if (upgrade_.has_handed_over() && was_stopped) {
    // Parked, it would do so as well, but be taken for one that waits for a HUP.
    fleet_.table.stop(StopMode::kGraceful);
    return log::info(end + ": the service stops, and this one leaves too");
  }
  upgrade_.take_back();
  listening_.revive();
  service_.note_failure(end, describe_successor_end(report, {}));
  // The service manager follows this process again; it is told of workers when they are in place.
  service_.take_over();
  const bool was_parked = fleet_.table.unpark();
  log::error(end + (was_parked ? "; this one starts its workers again" : "; this one goes on"));
  if (fleet_.table.has_ready_workers()) service_.say_ready();
}

/// Both masters may write the same files, and who has renamed them knows of one master. Not back to
/// where it came from (0: from neither).
void Arbiter::pass_reopening_on(pid_t from) {
  const Predecessor& predecessor = upgrade_.predecessor();
  if (predecessor.is_there() && predecessor.pid() != from) {
    signal_parent(predecessor.pid(), SIGUSR1);
  }
  const Successor& successor = upgrade_.successor();
  if (!upgrade_.has_successor() || successor.pid() == from) return;
  if (successor.stage() == Stage::kServing) {
    send_signal(successor.pid(), SIGUSR1);
  } else if (successor.stage() == Stage::kStarting) {
    upgrade_.put_off(SIGUSR1, now());  // its program may not have come to block it: it would die
  }
}

void Arbiter::replace_predecessor() {
  control_.take();
  hooks_.tell(Hook::kWhenReady, {});
  upgrade_.note_serving();
}

}  // namespace alicorn
