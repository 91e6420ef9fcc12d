#include "server/arbiter/hooks/hooks.hpp"

#include <string>
#include <string_view>
#include <utility>

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

/// Whether the hook is told of another master: its script must know that.
bool tells_of_service(Hook hook) {
  return hook == Hook::kOnStarting || hook == Hook::kWhenReady || hook == Hook::kOnExit;
}

}  // namespace

void Hooks::tell(Hook hook, HookRunner::Facts facts) {
  const Config& config = fleet_.is_open() ? fleet_.goal().config : initial_;
  if (config.hooks.of(hook).empty()) return;
  if (const std::string_view role = role_of(upgrade_.standing());
      !role.empty() && tells_of_service(hook)) {
    facts.emplace_back("UPGRADE", role);
  }
  if (fleet_.is_open()) {
    std::string addresses;
    for (const Address& address : addresses_of(fleet_.goal().listeners)) {
      addresses.append(addresses.empty() ? "" : " ").append(address.text());
    }
    facts.emplace_back("ADDRESSES", addresses);
    facts.emplace_back("GENERATION", std::to_string(fleet_.table.goal_generation()));
    facts.emplace_back("WORKERS", std::to_string(fleet_.table.target()));
  }
  runner_.run(hook, facts, config);
}

void Hooks::tell_of_worker(Hook hook, std::uint32_t slot, pid_t pid, HookRunner::Facts facts) {
  facts.emplace_back("WORKER", std::to_string(slot + 1));
  if (pid > 0) facts.emplace_back("WORKER_PID", std::to_string(pid));
  tell(hook, std::move(facts));
}

void Hooks::tell_of_departure(const Departure& departure, const ExitReport& report) {
  if (report.pid == 0 || report.is_stuck) return;  // no process has ended
  HookRunner::Facts facts{{"REASON", std::string(name_of(departure.kind))}};
  if (report.signal != 0) {
    facts.emplace_back("SIGNAL", signal_name(report.signal));
  } else {
    facts.emplace_back("EXIT_CODE", std::to_string(report.exit_code));
  }
  tell_of_worker(Hook::kChildExit, departure.slot, report.pid, std::move(facts));
}

void Hooks::tell_of_new_target() {
  const std::uint32_t before = std::exchange(told_target_, fleet_.table.target());
  if (before == fleet_.table.target()) return;
  tell(Hook::kNworkersChanged, {{"WORKERS_BEFORE", std::to_string(before)}});
}

}  // namespace alicorn
