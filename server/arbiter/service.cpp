// Arbiter: what the service manager is told while the master works.
#include "base/escape.hpp"
#include "server/arbiter/arbiter.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace alicorn {
namespace {

// For what is killed at the end of its time to go, and left behind if that does not end it.
constexpr milliseconds kSlack{7'000};
constexpr milliseconds kHookSlack{2'000};  // from SIGTERM to SIGKILL
constexpr std::size_t kFailureMax = 200;   // `systemctl status` shows a line

}  // namespace

WorkerPolicy policy_of(const Config& config) {
  return {.workers = config.workers,
          .limits_requests = config.worker.requests_max != 0,
          .max_surge = config.max_surge,
          .boot_timeout = config.boot_timeout,
          .heartbeat_timeout = config.worker.deadlines.silence,
          .graceful_timeout = config.worker.deadlines.graceful};
}

milliseconds time_to_serve(const Config& config) {
  const bool has_hook = !config.hooks.of(Hook::kOnStarting).empty();
  return 2 * config.boot_timeout + (has_hook ? config.hook_timeout + kHookSlack : milliseconds{0});
}

milliseconds Arbiter::time_to_stop() const {
  const milliseconds successor =
      upgrade_.successor().is_dismissed() ? upgrade_.grace() : milliseconds{0};
  const Config& config = generations_.at(table_->goal_generation()).config;
  // Those that run already, and then on_exit.
  const milliseconds for_hooks = config.hooks.any() ? 2 * config.hook_timeout : milliseconds{0};
  return std::max(table_->time_to_leave(now()), successor) + kSlack + for_hooks;
}

/// Of the two masters of an upgrade only the one that systemd is to follow: the word names it as
/// the main process, and the end of that is the service's.
void Arbiter::say_ready() {
  if (upgrade_.is_main()) notifier_.ready();
}

void Arbiter::inform_service_manager() {
  if (!upgrade_.is_main()) {
    // An old master that dies hangs up as one that gives this one up; its end tells which it was.
    if (!upgrade_.may_become_main()) notifier_.forget_unsent();
    return;
  }
  if (notifier_.is_heard()) {
    notifier_.catch_up();
    notifier_.beat(now());
    notifier_.status(describe_status());
  }
  // The end of the old master is the service's until the manager knows of this one.
  if (upgrade_.serves() && !notifier_.is_behind()) upgrade_.tell_predecessor(now());
}

std::string Arbiter::describe_status() const {
  std::uint32_t ready = 0;
  for (std::uint32_t slot = 0; slot < table_->slots_in_use(); ++slot) {
    if (table_->worker(slot).phase == WorkerPhase::kReady) ++ready;
  }
  std::string text = std::to_string(ready) + " of " + std::to_string(table_->target()) +
                     " workers ready, generation " + std::to_string(table_->goal_generation());
  if (table_->stop_mode() != StopMode::kNone) {
    text += "; stopping";
  } else if (upgrade_.successor().pid() > 0) {
    text += "; upgrading, the new master is process " + std::to_string(upgrade_.successor().pid());
  } else if (table_->serving_generation() == 0) {
    text += "; starting";
  } else if (table_->is_parked()) {
    text += "; all workers were sent away by SIGWINCH";
  } else if (table_->goal_generation() != table_->serving_generation()) {
    text += "; reloading";
  }
  if (!last_failure_.in_public.empty()) {
    text += "; last failure: " + last_failure_.in_public + " (the log says more)";
  }
  return text;
}

/// Until a reload or an upgrade has set it right. `in_public`: without what a request, an app, a
/// file or another process has said: `systemctl status` shows it to every user of the machine.
void Arbiter::note_failure(std::string_view text, std::string_view in_public) {
  last_failure_ = {};
  append_escaped(last_failure_.text, text, Escaping::kText, kFailureMax);
  append_escaped(last_failure_.in_public, in_public, Escaping::kText, kFailureMax);
}

}  // namespace alicorn
