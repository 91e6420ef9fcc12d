// Arbiter: the operator's hooks, and the two that it waits for.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"

#include <algorithm>
#include <chrono>

namespace alicorn {
namespace {

std::string_view name_of(Departure::Kind kind) {
  switch (kind) {
    case Departure::Kind::kLeft:
      return "left";
    case Departure::Kind::kDied:
      return "died";
    case Departure::Kind::kBootFailed:
      return "boot_failed";
  }
  return "";
}

bool is_stop(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

/// Whether there is one: a script must know that another master is there, too.
bool tells_of_service(Hook hook) {
  return hook == Hook::kOnStarting || hook == Hook::kWhenReady || hook == Hook::kOnExit;
}

}  // namespace

void Arbiter::tell(Hook hook, HookRunner::Facts facts) {
  const Config& config = fleet_.is_open() ? fleet_.goal().config : premises_.config;
  if (config.hooks.of(hook).empty()) return;
  if (const std::string_view role = upgrade_.role(); !role.empty() && tells_of_service(hook)) {
    facts.emplace_back("UPGRADE", role);
  }
  if (fleet_.is_open()) {
    std::string addresses;
    for (const auto& listener : fleet_.goal().listeners) {
      addresses.append(addresses.empty() ? "" : " ").append(listener->address.text());
    }
    facts.emplace_back("ADDRESSES", addresses);
    facts.emplace_back("GENERATION", std::to_string(fleet_.table.goal_generation()));
    facts.emplace_back("WORKERS", std::to_string(fleet_.table.target()));
  }
  hooks_.run(hook, facts, config);
}

void Arbiter::tell_of_worker(Hook hook, std::uint32_t slot, pid_t pid, HookRunner::Facts facts) {
  facts.emplace_back("WORKER", std::to_string(slot + 1));
  if (pid > 0) facts.emplace_back("WORKER_PID", std::to_string(pid));
  tell(hook, std::move(facts));
}

void Arbiter::tell_of_departure(const Departure& departure, const ExitReport& report) {
  if (report.pid == 0 || report.is_stuck) return;  // there is no end of a process
  HookRunner::Facts facts{{"REASON", std::string(name_of(departure.kind))}};
  if (report.signal != 0) {
    facts.emplace_back("SIGNAL", signal_name(report.signal));
  } else {
    facts.emplace_back("EXIT_CODE", std::to_string(report.exit_code));
  }
  tell_of_worker(Hook::kChildExit, departure.slot, report.pid, std::move(facts));
}

/// Whoever has changed the number: a signal, a reload, a command.
void Arbiter::tell_of_new_target() {
  const std::uint32_t before = std::exchange(told_target_, fleet_.table.target());
  if (before == fleet_.table.target()) return;
  tell(Hook::kNworkersChanged, {{"WORKERS_BEFORE", std::to_string(before)}});
}

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
    upgrade_.put_off(signal, now());
  } else if (is_over()) {
    handle(signal);
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
  serve_control();
  do_chores();
  service_.inform();
  return fleet_.table.stop_mode() != before;
}

milliseconds Arbiter::time_to_next_event_beside_hooks() const {
  const MonotonicTime present = now();
  MonotonicTime next = hooks_.next_event().value_or(present);
  for (const auto& other : {control_.socket().next_deadline(present), service_.next_word(present),
                            errands_.deadline()}) {
    next = std::min(next, other.value_or(next));
  }
  return std::chrono::ceil<milliseconds>(std::max(next - present, MonotonicTime::duration(0)));
}

/// Before there are workers, and after: the master has nothing else to do, unless the new one of an
/// upgrade dies and leaves the service to it. A stop signal ends the wait, and the hook. Gives that
/// signal, or 0.
int Arbiter::wait_for_hooks() {
  int stop = 0;
  const bool had_handed_over = upgrade_.has_handed_over();
  while (!hooks_.is_idle() && upgrade_.has_handed_over() == had_handed_over) {
    const auto signal =
        premises_.signals.wait_for(time_to_next_event_beside_hooks(), awaited_beside_hooks());
    if (signal && hurries_end(*signal)) {
      stop = *signal;
    } else if (signal && !is_stop(*signal)) {
      keep_or_pass_on(*signal);
    }
    if (hears_of_stop()) stop = SIGTERM;
    if (stop != 0) hooks_.give_up(now());
    reap();
    hooks_.keep_time(now());
  }
  return stop;
}

Result<void> Arbiter::run_starting_hook() {
  tell(Hook::kOnStarting, {});
  if (hooks_.is_idle()) {
    return hooks_.last_failure().empty() ? Result<void>{} : fail(hooks_.last_failure());
  }
  if (const int signal = wait_for_hooks(); signal != 0) {
    return fail("stopped by " + signal_name(signal) + " while hook on_starting was running");
  }
  if (!hooks_.last_failure().empty()) return fail(hooks_.last_failure());
  return {};
}

void Arbiter::run_exit_hook(ExitCode code) {
  // A new master that never served has not told when_ready either: the service is the old one's.
  const bool may_tell = !upgrade_.is_successor() || upgrade_.serves();
  const bool had_handed_over = upgrade_.has_handed_over();
  hooks_.skip_waiting();
  wait_for_hooks();
  if (!may_tell || upgrade_.has_handed_over() != had_handed_over) return;
  tell(Hook::kOnExit, {{"EXIT_CODE", std::to_string(static_cast<int>(code))}});
  wait_for_hooks();
}

}  // namespace alicorn
