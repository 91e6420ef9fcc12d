// Arbiter: the two hooks that it waits for.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

#include <algorithm>
#include <chrono>

namespace alicorn {
namespace {

bool is_stop(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

}  // namespace

/// A stop signal, unless it is the TERM that began the stop, passed on once more by a supervisor or
/// a wrapper.
bool Arbiter::hurries_end(int signal) {
  if (!is_stop(signal)) return false;
  if (!fleet_.is_open()) return true;
  const bool may_be_the_same = fleet_.table.stop_mode() == StopMode::kGraceful;
  if (signal != SIGTERM) {
    fleet_.table.stop(StopMode::kQuick);
  } else {
    fleet_.table.terminate(now());
  }
  return !may_be_the_same || fleet_.table.stop_mode() != StopMode::kGraceful;
}

/// What comes before there is a table is obeyed when there is one; what comes at the end is the new
/// master's of an upgrade, or in vain.
void Arbiter::keep_or_pass_on(int signal) {
  if (signal == SIGCHLD) return;
  if (!fleet_.is_open()) {
    upgrade_.table().put_off(signal, now());
  } else if (succession_.is_over()) {
    obey(signal);
  }
}

/// While a hook is waited for: whoever asks is answered, and the service manager hears what it has
/// missed. Whether an order to stop came, which then ends the hook.
bool Arbiter::hears_of_stop() {
  if (!fleet_.is_open()) {
    service_.catch_up();
    return false;
  }
  const StopMode before = fleet_.table.stop_mode();
  commands_.serve();
  do_chores();
  service_.inform();
  return fleet_.table.stop_mode() != before;
}

milliseconds Arbiter::time_to_next_event_beside_hooks() const {
  const MonotonicTime present = now();
  MonotonicTime next = hooks_.runner().next_event().value_or(present);
  for (const auto& other : {control_.desk().socket().next_deadline(present),
                            service_.next_word(present), chores_.errands().deadline()}) {
    next = std::min(next, other.value_or(next));
  }
  return std::chrono::ceil<milliseconds>(std::max(next - present, MonotonicTime::duration(0)));
}

/// Before there are workers, and after: the master has nothing else to do, unless the new one of an
/// upgrade dies and leaves the service to it. A stop signal ends the wait, and the hook. Gives that
/// signal, or 0.
int Arbiter::wait_for_hooks() {
  int stop = 0;
  const bool had_handed_over = has_handed_over(upgrade_.standing());
  while (!hooks_.runner().is_idle() && has_handed_over(upgrade_.standing()) == had_handed_over) {
    const auto signal =
        premises_.signals.wait_for(time_to_next_event_beside_hooks(), awaited_beside_hooks());
    if (signal && hurries_end(*signal)) {
      stop = *signal;
    } else if (signal && !is_stop(*signal)) {
      keep_or_pass_on(*signal);
    }
    if (hears_of_stop()) stop = SIGTERM;
    if (stop != 0) hooks_.runner().give_up(now());
    reap();
    hooks_.runner().keep_time(now());
  }
  return stop;
}

Result<void> Arbiter::run_starting_hook() {
  hooks_.tell(Hook::kOnStarting, {});
  if (hooks_.runner().is_idle()) {
    return hooks_.runner().last_failure().empty() ? Result<void>{}
                                                  : fail(hooks_.runner().last_failure());
  }
  if (const int signal = wait_for_hooks(); signal != 0) {
    return fail("stopped by " + signal_name(signal) + " while hook on_starting was running");
  }
  if (!hooks_.runner().last_failure().empty()) return fail(hooks_.runner().last_failure());
  return {};
}

void Arbiter::run_exit_hook(ExitCode code) {
  // A new master that never served has not told when_ready either: the service is the old one's.
  const bool may_tell = !upgrade_.is_successor() || upgrade_.table().serves();
  const bool had_handed_over = has_handed_over(upgrade_.standing());
  hooks_.runner().skip_waiting();
  wait_for_hooks();
  if (!may_tell || has_handed_over(upgrade_.standing()) != had_handed_over) return;
  hooks_.tell(Hook::kOnExit, {{"EXIT_CODE", std::to_string(static_cast<int>(code))}});
  wait_for_hooks();
}

}  // namespace alicorn
