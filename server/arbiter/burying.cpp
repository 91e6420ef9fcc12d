// Arbiter: what the end of a child means, and who is told.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

#include <string>

#include <signal.h>

namespace alicorn {

void Arbiter::reap() {
  if (reap_children([this](const ExitReport& report) { on_exit(report); }))
    premises_.signals.wake();
  while (const pid_t zygote = zygotes_.stuck(now())) leave_behind(zygote);
  if (upgrade_.successor().is_stuck(now())) leave_behind(upgrade_.successor().pid());
}

void Arbiter::on_exit(const ExitReport& report) {
  if (hooks_.runner().on_exit(report) || chores_.errands().on_exit(report) || !fleet_.is_open())
    return;
  if (!left_behind_.on_exit(report.pid)) return bury(report);
  // A new master had locked it until now.
  const std::string& place = upgrade_.place_of_pidfile();
  if (!place.empty() && place != premises_.pidfile.path())
    chores_.ask(Chores::Kind::kTakePidfileBack);
}

/// Not even SIGKILL has ended it: what its end would mean it means now. Nobody waits for it but
/// reap().
void Arbiter::leave_behind(pid_t pid) {
  bury({.pid = pid, .signal = SIGKILL, .is_stuck = true});
}

void Arbiter::bury(const ExitReport& report) {
  if (report.pid == upgrade_.successor().pid()) hear_successor();
  if (upgrade_.on_exit(report)) {
    chores_.ask(Chores::Kind::kTakePidfileBack);
    if (report.is_stuck) left_behind_.add(report.pid, "the new master");
    return go_on_without_successor(report);
  }
  hear_zygotes();  // a worker of theirs that has ended was announced before
  if (on_zygote_exit(report)) return;
  take_on_ended(report.pid);
  const auto departure = fleet_.table.on_exit(report, now());
  if (departure) departures_.take_note(*departure, report);
}

}  // namespace alicorn
