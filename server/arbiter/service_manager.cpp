#include "server/arbiter/service_manager.hpp"

#include "base/escape.hpp"
#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace alicorn {
namespace {

constexpr std::size_t kFailureMax = 200;  // `systemctl status` shows a line

}  // namespace

milliseconds time_to_serve(const Config& config) {
  const bool has_hook = !config.hooks.of(Hook::kOnStarting).empty();
  return 2 * config.boot_timeout +
         (has_hook ? config.hook_timeout + kHookTermGrace : milliseconds{0});
}

void ServiceManager::begin(const Config& config) {
  notifier_ = ServiceNotifier::from_environment();
  if (!upgrade_.is_successor()) notifier_.starting(time_to_serve(config));
}

milliseconds ServiceManager::time_to_stop() const {
  const milliseconds successor =
      is_dismissed(upgrade_.standing()) ? upgrade_.table().plan().grace : milliseconds{0};
  const Config& config = fleet_.goal().config;
  // The hooks that already run have that much time, and then on_exit has as much again.
  const milliseconds for_hooks = config.hooks.any() ? 2 * config.hook_timeout : milliseconds{0};
  return std::max(fleet_.table.time_to_leave(now()), successor) + kMasterSlack + for_hooks;
}

void ServiceManager::say_ready() {
  if (is_main(upgrade_.standing())) notifier_.ready();
}

void ServiceManager::say_reloading() {
  if (is_main(upgrade_.standing())) notifier_.reloading();
}

void ServiceManager::inform() {
  if (!is_main(upgrade_.standing())) {
    // An old master that dies hangs up like one that gives this master up; its end tells which it
    // was.
    if (!upgrade_.table().may_become_main(upgrade_.look())) notifier_.forget_unsent();
    return;
  }
  if (notifier_.is_heard()) {
    notifier_.catch_up();
    notifier_.beat(now());
    notifier_.status(describe_status());
  }
  // Until the manager knows this master, the end of the old one would be the end of the service.
  if (upgrade_.table().serves() && !notifier_.is_behind()) upgrade_.tell_predecessor(now());
}

std::string ServiceManager::describe_status() const {
  std::uint32_t ready = 0;
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    if (fleet_.table.worker(slot).phase == WorkerPhase::kReady) ++ready;
  }
  std::string text = std::to_string(ready) + " of " + std::to_string(fleet_.table.target()) +
                     " workers ready, generation " + std::to_string(fleet_.table.goal_generation());
  if (fleet_.table.stop_mode() != StopMode::kNone) {
    text += "; stopping";
  } else if (upgrade_.successor().pid() > 0) {
    text += "; upgrading, the new master is process " + std::to_string(upgrade_.successor().pid());
  } else if (fleet_.table.serving_generation() == 0) {
    text += "; starting";
  } else if (fleet_.table.is_parked()) {
    text += "; all workers were sent away by SIGWINCH";
  } else if (fleet_.table.goal_generation() != fleet_.table.serving_generation()) {
    text += "; reloading";
  }
  if (!failure_.in_public.empty()) {
    text += "; last failure: " + failure_.in_public + " (the log says more)";
  }
  return text;
}

/// The master that is not the main process says nothing to the service manager. A deadline that it
/// never meets would wake it over and over.
std::optional<MonotonicTime> ServiceManager::next_word(MonotonicTime present) const {
  return is_main(upgrade_.standing()) ? notifier_.next_event(present) : std::nullopt;
}

void ServiceManager::note_failure(std::string_view text, std::string_view in_public) {
  failure_ = {};
  append_escaped(failure_.text, text, Escaping::kText, kFailureMax);
  append_escaped(failure_.in_public, in_public, Escaping::kText, kFailureMax);
}

}  // namespace alicorn
