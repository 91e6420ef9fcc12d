#include "server/arbiter/succession.hpp"

#include "base/log.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/arbiter/verbs.hpp"
#include "server/config/load.hpp"
#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace alicorn {
namespace {

using Arrival = UpgradeTable::Arrival;
using Aftermath = UpgradeTable::Aftermath;
using Fate = UpgradeTable::Fate;

constexpr milliseconds kStartSlack{2'000};  // of the new master itself, without its workers

std::string with_pid(std::string_view who, pid_t pid) {
  return std::string(who) + " (pid " + std::to_string(pid) + ")";
}

}  // namespace

UpgradeTable::Moment Succession::moment() const {
  const UpgradeTable::OldMaster old = parts_.upgrade.look();
  // Only the new master compares its own time with the old one's, and only once it has a
  // configuration.
  const milliseconds own = old.is_there ? parts_.service.time_to_stop() : milliseconds{0};
  return {.old = old, .now = now(), .own_time = own};
}

bool Succession::is_under_way() const {
  const Standing present = parts_.upgrade.standing();
  return table().is_automatic(parts_.upgrade.look()) && !is_dismissed(present);
}

bool Succession::takes(int signal) {
  const std::string name = signal_name(signal);
  const bool was_handed_over = has_handed_over(parts_.upgrade.standing());
  // The new master may have begun to serve just now.
  const bool serves_now = is_stop(signal) && !was_handed_over && is_under_way() && hear();
  const UpgradeTable::Moment present = moment();
  const bool is_new = present.old.is_there;
  switch (table().judge_signal(signal, present)) {
    case Fate::kObeyed:
      if (serves_now) send_signal(parts_.upgrade.successor().pid(), signal);
      return false;
    case Fate::kIgnored:
      log::info(name +
                " ignored: the workers leave when the new master serves (upgrade: automatic)");
      return true;
    case Fate::kPassedOn:
      return pass_on(signal);
    case Fate::kPutOff:
      log::info(name + (is_new ? " put off until the old master has left"
                               : " put off until the new master serves, or is given up"));
      return true;
    case Fate::kStopPutOff: {
      // For a binary that is too old to say how long it takes, assume settings like ours.
      const milliseconds of_old = parts_.upgrade.predecessor().leaves_within();
      parts_.service.say_stopping(std::max(of_old, present.own_time) + present.own_time);
      log::info(name + " put off until the old master has left");
      return true;
    }
    case Fate::kTakenForSame:
      log::info("SIGTERM again, taken for the same: put off until the old master has left");
      return true;
    case Fate::kObeyedByBoth:
      if (serves_now) {
        send_signal(parts_.upgrade.successor().pid(), signal);
      } else {
        parts_.upgrade.dismiss(signal, now());
      }
      return false;
    case Fate::kObeyedUnrelieved:
      log::warning(with_pid("the old master", parts_.upgrade.predecessor().pid()) +
                   " should have left but still runs: this one stops without waiting for it");
      return false;
  }
  return false;
}

bool Succession::pass_on(int signal) const {
  const pid_t successor = parts_.upgrade.successor().pid();
  log::info(signal_name(signal) + " passed on to " + with_pid("the new master", successor));
  return send_signal(successor, signal);
}

bool Succession::may_begin() {
  if (is_stopping()) return false;
  if (::getpid() == 1) {
    log::error(
        "SIGUSR2 ignored: this master is process 1, and when it leaves, its container ends; "
        "start a new container instead, or send SIGHUP to load the app anew");
    return false;
  }
  if (parts_.left_behind.is_full()) {
    log::error("SIGUSR2 ignored: " + LeftBehind::refusal());
    return false;
  }
  switch (table().judge_upgrade(moment())) {
    case UpgradeTable::Answer::kYes:
      return true;
    case UpgradeTable::Answer::kNo:
      log::warning("SIGUSR2 ignored: an upgrade is under way, old and new master both run");
      return false;
    case UpgradeTable::Answer::kPutOff:
      log::info("SIGUSR2 put off until the new master has ended");
      return false;
  }
  return false;
}

/// The new master reads the file as it is now, which may give it more time.
UpgradeTable::Plan Succession::plan(const Result<std::string>& configuration) const {
  const Config& running = parts_.fleet.goal().config;
  const auto next = reload_config(parts_.premises.command_line, running, configuration);
  const Config& wanted = next ? next->config : running;
  const milliseconds graceful =
      std::max(policy_of(running).graceful_timeout, policy_of(wanted).graceful_timeout);
  return {
      .is_automatic = running.upgrade == UpgradeMode::kAutomatic,
      .serves_by = now() + std::max(time_to_serve(running), time_to_serve(wanted)) + kStartSlack,
      .grace = graceful + kSuccessorSlack,
      .leaves_within = parts_.service.time_to_stop()};
}

bool Succession::is_over() const {
  const Standing present = parts_.upgrade.standing();
  const bool is_to_end = is_stopping() || has_handed_over(present);
  // A zygote keeps the addresses of its listeners in use.
  const bool all_left = parts_.fleet.table.all_left() && parts_.zygotes.empty();
  return is_to_end && all_left && !is_dismissed(present);
}

void Succession::begin() {
  if (!may_begin()) return static_cast<void>(parts_.chores.end());
  const std::string aside = parts_.upgrade.place_aside(parts_.premises.pidfile);
  parts_.chores.send(
      {.purpose = "upgrade",
       .work =
           [this, aside] {
             ErrandFinds finds;
             for (const auto& step :
                  {read_config_file(parts_.premises.command_line),
                   parts_.premises.pidfile.make_room(aside).map([] { return std::string(); })}) {
               finds.push_back(
                   step.map([](const std::string& text) { return ErrandFind{.text = text}; }));
             }
             return finds;
           },
       .done =
           [this, aside](Result<ErrandFinds> finds) {
             start_successor(std::move(finds), aside);
             parts_.chores.end();
           }});
}

void Succession::start_successor(Result<ErrandFinds> finds, const std::string& aside) {
  constexpr std::size_t kText = 0, kPidfile = 1, kFinds = 2;
  const auto give_up = [this](const Error& error) {
    parts_.service.note_failure(error.text(), "no new master could be started");
    log::error("upgrade: " + error.text());
  };
  if (!finds || finds->size() != kFinds) {
    // Nobody knows how far the child got.
    parts_.chores.ask(Chores::Kind::kTakePidfileBack);
    return give_up(finds ? Error{{}, "not all files came back"} : finds.error());
  }
  if (const auto& moved = finds->at(kPidfile); !moved) return give_up(moved.error());
  parts_.premises.pidfile.note_place(aside);
  if (is_stopping()) return;
  const auto configuration = finds->at(kText).map([](const ErrandFind& find) { return find.text; });
  const Fleet& fleet = parts_.fleet;
  const auto pid =
      parts_.upgrade.start(fleet.goal().listeners, parts_.service.notifier(), plan(configuration),
                           {.loads = fleet.scoreboard.loads(),
                            .mail_room = fleet.scoreboard.mail_room(),
                            .era = fleet.scoreboard.era(),
                            .kept = fleet.table.slots_needed()});
  if (!pid) {
    parts_.chores.ask(Chores::Kind::kTakePidfileBack);
    return give_up(pid.error());
  }
  log::info("upgrade: a new master starts", {{"new_pid", std::to_string(*pid)}});
  parts_.hooks.tell(Hook::kPreExec);
}

/// If another new master exists by now, the place belongs to its pidfile. When that master has
/// ended, this chore is asked for again.
void Succession::take_pidfile_back() {
  if (parts_.upgrade.has_successor()) return static_cast<void>(parts_.chores.end());
  parts_.chores.send(
      {.purpose = "pidfile",
       .work =
           [this] {
             ErrandFinds finds;
             auto lock = parts_.premises.pidfile.come_back(parts_.upgrade.place_of_pidfile());
             finds.push_back(std::move(lock).map(
                 [](UniqueFd fd) { return ErrandFind{.fd = LingeringFd(fd.release())}; }));
             return finds;
           },
       .done =
           [this](Result<ErrandFinds> finds) {
             parts_.chores.end();
             const bool has_moved = finds && finds->size() == 1 && finds->front();
             if (has_moved) {
               return parts_.premises.pidfile.note_place(parts_.upgrade.place_of_pidfile(),
                                                         UniqueFd(finds->front()->fd.release()));
             }
             if (is_over()) return;  // it is removed now, wherever it is
             const Error& error = finds ? finds->front().error() : finds.error();
             log::error("upgrade: " + error.text() + "; the pidfile does not name this master");
           }});
}

/// A child that had to move the file may have done so, and been killed before it could report it.
void Succession::remove_pidfile() {
  Pidfile& pidfile = parts_.premises.pidfile;
  const std::string& place = parts_.upgrade.place_of_pidfile();
  if (place.empty()) return pidfile.remove();
  const std::string aside = parts_.upgrade.place_aside(pidfile);
  // This also removes what a killed new master has left. Another server's file stays.
  if (!parts_.upgrade.has_successor()) static_cast<void>(pidfile.move_back_to(place));
  pidfile.remove({place, aside});
}

bool Succession::hear() {
  const auto arrival = parts_.upgrade.listen(is_stopping());
  if (!arrival) return false;
  if (*arrival == Arrival::kRelief) {
    hand_over();
  } else if (*arrival == Arrival::kBesideThis) {
    log::info(with_pid("the new master", parts_.upgrade.successor().pid()) +
              " serves beside this one");
    pass_put_off_on();
  }
  return true;
}

void Succession::hand_over() {
  log::info(with_pid("the new master", parts_.upgrade.successor().pid()) +
            " serves: this one finishes its requests and leaves");
  parts_.starter.tell_success();  // if a daemon was still starting: the service runs
  parts_.fleet.table.park();
  parts_.control.desk().note_end_of_reload("given up", "a new master has taken over", now());
  parts_.listening.retire_all();  // that is, the listeners that the new master does not use
  pass_put_off_on();
}

void Succession::share_slots() {
  Fleet& fleet = parts_.fleet;
  fleet.table.keep_to(parts_.upgrade.own_slots(fleet.scoreboard.shares_rooms()));
}

void Succession::pass_put_off_on() const {
  const pid_t successor = parts_.upgrade.successor().pid();
  for (const int signal : table().take_put_off()) send_signal(successor, signal);
}

std::vector<int> Succession::follow() {
  share_slots();
  table().watch_old(parts_.upgrade.look(), now());
  const UpgradeTable::Due due = table().take_due(now());
  if (due == UpgradeTable::Due::kDismissal && !hear()) {
    log::error(with_pid("the new master", parts_.upgrade.successor().pid()) +
               " does not serve in time, and is told to end");
    parts_.upgrade.dismiss(SIGTERM, now());
  } else if (due == UpgradeTable::Due::kKill) {
    send_signal(parts_.upgrade.successor().pid(), SIGKILL);
  }
  return table().take_own(moment());
}

pid_t Succession::stuck() const {
  return table().is_stuck(now()) ? parts_.upgrade.successor().pid() : 0;
}

bool Succession::on_exit(const ExitReport& report) {
  if (report.pid == parts_.upgrade.successor().pid()) hear();
  const auto aftermath = parts_.upgrade.on_exit(report, is_stopping());
  if (!aftermath) return false;
  parts_.chores.ask(Chores::Kind::kTakePidfileBack);
  if (report.is_stuck) parts_.left_behind.add(report.pid, "the new master");
  draw(*aftermath, report);
  return true;
}

/// Takes back whatever was handed over to the new master.
void Succession::draw(Aftermath aftermath, const ExitReport& report) {
  const std::string end = describe_successor_end(report, parts_.upgrade.last_words());
  parts_.control.take_back();
  switch (aftermath) {
    case Aftermath::kStopsAllTheSame:
      log::warning(end + "; this one stops all the same");
      parts_.service.say_stopping();
      return parts_.listening.retire_all();
    case Aftermath::kLeavesToo:
      // If it were parked instead, it would also leave, but would be taken for a master that waits
      // for a HUP.
      parts_.fleet.table.stop(StopMode::kGraceful);
      return log::info(end + ": the service stops, and this one leaves too");
    case Aftermath::kGoesOn:
      return go_on(end, report);
  }
}

void Succession::go_on(const std::string& end, const ExitReport& report) {
  parts_.listening.revive();
  parts_.service.note_failure(end, describe_successor_end(report, {}));
  // The service manager follows this process again; it is told about workers when they are in
  // place.
  parts_.service.take_over();
  const bool was_parked = parts_.fleet.table.unpark();
  log::error(end + (was_parked ? "; this one starts its workers again" : "; this one goes on"));
  if (parts_.fleet.table.has_ready_workers()) parts_.service.say_ready();
}

void Succession::replace_old() {
  parts_.control.take();
  parts_.hooks.tell(Hook::kWhenReady);
  table().note_serving();
}

void Succession::pass_reopening_on(pid_t from) const {
  const Predecessor& predecessor = parts_.upgrade.predecessor();
  if (predecessor.is_there() && predecessor.pid() != from) {
    signal_parent(predecessor.pid(), SIGUSR1);
  }
  const pid_t successor = parts_.upgrade.successor().pid();
  if (successor == from) return;
  const Standing present = parts_.upgrade.standing();
  if (has_serving_successor(present)) send_signal(successor, SIGUSR1);
  // A new master that is starting may not have blocked the signal yet, and would die of it.
  if (present == Standing::kStarting) table().put_off(SIGUSR1, now());
}

}  // namespace alicorn
