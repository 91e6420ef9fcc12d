// Arbiter: the end of a listener, and its return. Two masters of an upgrade share listeners.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/config/settings_table.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

void add(Listeners& listeners, const Listeners& more) {
  for (const auto& listener : more) {
    const bool is_in = std::find(listeners.begin(), listeners.end(), listener) != listeners.end();
    if (!is_in) listeners.push_back(listener);
  }
}

}  // namespace

Binds binds_of(const Config& config) {
  return {.addresses = config.binds,
          .backlog = config.backlog,
          .any6 = config.bind_ipv6_only ? Binds::Any6::kIpv6Only : Binds::Any6::kTakesIpv4};
}

std::vector<std::string> remarks_of(const Config& config, const Listeners& listeners) {
  std::vector<std::string> remarks = config.remarks;
  const bool is_given = std::any_of(listeners.begin(), listeners.end(), [](const auto& listener) {
    return listener->origin == Listener::Origin::kSystemd;
  });
  if (is_given && config.binds != default_config().binds) {
    remarks.emplace_back("bind has no effect: the sockets come from systemd (LISTEN_FDS)");
  }
  return remarks;
}

/// No new connections; what waits in the queues still finds a worker. What the other master may go
/// on with ends when it is clear that it does not, or with this process. In a stop the workers
/// alone hold the sockets from here on: when they have emptied the queues, new clients are refused
/// at once rather than left to wait until the last request has been answered.
void Arbiter::retire(const Listeners& listeners) {
  for (const auto& listener : listeners) {
    if (upgrade_.is_shared(listener)) {
      add(postponed_, {listener});
      continue;
    }
    refuse_new_connections(*listener);
    unlink_path(*listener);
    if (fleet_.table.stop_mode() != StopMode::kNone) listener->fd.reset();
  }
}

/// After a reload that came to nothing: it had opened again what it names, also an address that
/// only workers have which no longer accept. An earlier reload may be under way, and the generation
/// that serves keeps its own.
void Arbiter::retire_unwanted() {
  const bool serves_elsewhere =
      fleet_.table.is_parked() && upgrade_.successor().stage() == Successor::Stage::kServing;
  const Listeners wanted = serves_elsewhere ? Listeners{} : wanted_listeners();
  Listeners unwanted = fleet_.generations.all_listeners();
  std::erase_if(unwanted, [&](const auto& listener) {
    return std::find(wanted.begin(), wanted.end(), listener) != wanted.end();
  });
  retire(unwanted);
}

/// After every wake-up: nobody tells a child of its parent's end.
void Arbiter::retire_postponed() {
  for (const auto& listener : upgrade_.take_superseded()) unlink_path(*listener);
  if (postponed_.empty() || upgrade_.has_peer()) return;
  const Listeners wanted = wanted_listeners();
  Listeners due = std::exchange(postponed_, {});
  std::erase_if(due, [&](const auto& listener) {
    return std::find(wanted.begin(), wanted.end(), listener) != wanted.end();
  });
  retire(due);
}

/// Whatever has a descriptor: no other socket can be bound there.
Listeners Arbiter::bound_listeners() const {
  Listeners bound = fleet_.generations.all_listeners();
  add(bound, postponed_);
  return bound;
}

/// Those at which this server is to be found: a reload that is under way may fail.
Listeners Arbiter::wanted_listeners() const {
  Listeners wanted;
  if (fleet_.table.stop_mode() != StopMode::kNone) return wanted;
  for (const std::uint32_t number :
       {fleet_.table.goal_generation(), fleet_.table.serving_generation()}) {
    if (fleet_.generations.contains(number)) add(wanted, fleet_.generations.at(number).listeners);
  }
  return wanted;
}

/// Does somebody accept from it when this worker has left? Not where it has been retired, and in a
/// stop, or after WINCH, only the other master of an upgrade.
bool Arbiter::goes_on_elsewhere(const std::shared_ptr<Listener>& listener) const {
  if (listener->is_retired) return false;
  if (fleet_.table.stop_mode() != StopMode::kNone || fleet_.table.is_parked()) {
    return upgrade_.leaves_to_peer(listener);
  }
  const Listeners wanted = wanted_listeners();
  return std::find(wanted.begin(), wanted.end(), listener) != wanted.end();
}

/// As WorkerSlot has it.
std::uint64_t Arbiter::listeners_of_others(std::uint32_t slot) const {
  const Listeners& listeners =
      fleet_.generations.at(fleet_.table.worker(slot).generation).listeners;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < std::min(listeners.size(), WorkerSlot::kListenersTold); ++i) {
    if (goes_on_elsewhere(listeners[i])) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

/// After a new master that may have ended them, for it was alone to go on. Its workers may still
/// hold the sockets: those are the same, and only paths are bound anew.
void Arbiter::revive_listeners() {
  const Listeners wanted = wanted_listeners();
  const std::uint32_t backlog = fleet_.goal().config.backlog;
  for (const auto& listener : wanted) {
    if (auto revived = revive(*listener, backlog); !revived) log::error(revived.error().text());
  }
  give_away_files(wanted);
}

/// Another user's workers must not need more than their path.
void Arbiter::give_away_files(const Listeners& listeners) {
  for (const auto& listener : listeners) {
    if (!identity_ || !has_file(*listener)) continue;
    if (auto given = give_file(*listener, identity_->uid, identity_->gid); !given) {
      log::error(given.error().text());
    }
  }
}

}  // namespace alicorn
