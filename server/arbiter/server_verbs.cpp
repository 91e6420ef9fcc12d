#include "server/arbiter/server_verbs.hpp"

#include "base/log.hpp"

#include <string>

#include <signal.h>

namespace alicorn {

Result<void> ServerVerbs::reload(std::optional<Chores::Asker> asker) {
  if (!asker && succession_.takes(SIGHUP)) return {};
  if (asker) {
    if (auto allowed = require_reload(); !allowed) return allowed;
  }
  chores_.ask(Chores::Kind::kReload, asker);
  return {};
}

Result<void> ServerVerbs::require_reload() const {
  if (succession_.is_under_way()) {
    return fail("the reload was refused: a new master starts, and reads the configuration");
  }
  if (fleet_.table.stop_mode() != StopMode::kNone) {
    return fail("the reload was refused: the server is stopping");
  }
  return require_room();
}

Result<void> ServerVerbs::require_room() const {
  if (!chores_.has_room(control_.desk().socket())) return fail("too many others wait already");
  return {};
}

Result<void> ServerVerbs::reopen(pid_t from, std::optional<Chores::Asker> asker) {
  if (asker) {
    if (auto room = require_room(); !room) return room;
  }
  chores_.ask(Chores::Kind::kReopenLogs, asker);
  succession_.pass_reopening_on(from);
  return {};
}

void ServerVerbs::resize(int change) {
  fleet_.table.resize(change);
  log::info("workers wanted from now on", {{"workers", std::to_string(fleet_.table.target())}});
}

void ServerVerbs::stop(int signal) {
  if (succession_.takes(signal)) return;
  if (signal == SIGTERM) return fleet_.table.terminate(now());
  fleet_.table.stop(StopMode::kQuick);
}

void ServerVerbs::park() {
  if (succession_.takes(SIGWINCH)) return;
  if (fleet_.table.stop_mode() != StopMode::kNone) return;
  fleet_.table.park();
  // Otherwise listeners that the new master does not use would be open with nobody to accept from
  // them.
  if (has_serving_successor(upgrade_.standing())) listening_.retire_all();
  control_.desk().note_end_of_reload("given up", "SIGWINCH sends all workers away", now());
  service_.say_ready();
  log::info("all workers leave; SIGHUP starts new ones");
}

void ServerVerbs::upgrade() {
  if (succession_.takes(SIGUSR2)) return;
  if (succession_.may_begin()) chores_.ask(Chores::Kind::kUpgrade);
}

}  // namespace alicorn
