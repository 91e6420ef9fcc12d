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
  if (const pid_t master = succession_.stuck(); master > 0) leave_behind(master);
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
  if (succession_.on_exit(report)) return;
  crew_.on_exit(report);
}

}  // namespace alicorn
