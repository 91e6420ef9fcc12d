#include "server/arbiter/listening.hpp"

#include "base/log.hpp"
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

/// Each socket needs a bit of WorkerSlot::listeners_of_others. Further workers share sockets.
std::uint32_t sockets_each(const Config& config) {
  constexpr std::size_t kEachMax = 32;
  if (!config.reuse_port) return 1;
  const std::size_t addresses = std::max<std::size_t>(config.binds.size(), 1);
  const std::size_t most =
      std::clamp<std::size_t>(WorkerSlot::kListenersTold / addresses, 1, kEachMax);
  return std::min(config.workers, static_cast<std::uint32_t>(most));
}

}  // namespace

Binds binds_of(const Config& config) {
  return {.addresses = config.binds,
          .backlog = config.backlog,
          .defer_accept_s = config.tcp_defer_accept,
          .any6 = config.bind_ipv6_only ? Binds::Any6::kIpv6Only : Binds::Any6::kTakesIpv4,
          .sockets_each = sockets_each(config)};
}

std::vector<std::string> remarks_of(const Config& config, const Listeners& listeners) {
  std::vector<std::string> remarks = config.remarks;
  const bool is_given = std::any_of(listeners.begin(), listeners.end(), [](const auto& listener) {
    return listener->origin == Listener::Origin::kSystemd;
  });
  if (is_given && config.binds != default_config().binds) {
    remarks.emplace_back("bind has no effect: the sockets come from systemd (LISTEN_FDS)");
  }
  const auto first = std::find_if(listeners.begin(), listeners.end(), [](const auto& listener) {
    return listener->is_ours() && !listener->address.is_unix();
  });
  const auto sockets = std::count_if(first, listeners.end(), [&](const auto& listener) {
    return share_an_address(*listener, **first);
  });
  const std::uint32_t wanted = sockets_each(config);
  if (sockets > 0 && (sockets == 1) != (wanted == 1)) {
    remarks.emplace_back("reuse_port has no effect on addresses that are open already: they keep " +
                         std::to_string(sockets) + (sockets == 1 ? " socket" : " sockets each") +
                         " until a restart");
  }
  return remarks;
}

void Listening::retire(const Listeners& listeners) {
  for (const auto& listener : listeners) {
    if (upgrade_.is_shared(listener)) {
      add(postponed_, {listener});
      continue;
    }
    // The kernel would go on sending it a share of the new clients, who would hear nothing. Without
    // this descriptor the socket ends when the workers close it.
    if (has_partner_elsewhere(listener)) {
      listener->is_retired = true;
      listener->fd.reset();
      continue;
    }
    refuse_new_connections(*listener);
    unlink_path(*listener);
    if (fleet_.table.stop_mode() != StopMode::kNone) listener->fd.reset();
  }
}

/// The other master goes on with another socket of the same address, but not with this one: it
/// wants fewer, or knows no more than one (reuse_port).
bool Listening::has_partner_elsewhere(const std::shared_ptr<Listener>& listener) const {
  const Listeners all = bound();
  return std::any_of(all.begin(), all.end(), [&](const auto& other) {
    return other != listener && share_an_address(*other, *listener) && upgrade_.is_shared(other);
  });
}

void Listening::retire_unwanted() {
  const bool serves_elsewhere =
      fleet_.table.is_parked() && has_serving_successor(upgrade_.standing());
  const Listeners kept = serves_elsewhere ? Listeners{} : wanted();
  Listeners unwanted = fleet_.generations.all_listeners();
  std::erase_if(unwanted, [&](const auto& listener) {
    return std::find(kept.begin(), kept.end(), listener) != kept.end();
  });
  retire(unwanted);
}

void Listening::retire_postponed() {
  for (const auto& listener : upgrade_.take_superseded()) unlink_path(*listener);
  if (postponed_.empty() || has_peer(upgrade_.standing())) return;
  const Listeners kept = wanted();
  Listeners due = std::exchange(postponed_, {});
  std::erase_if(due, [&](const auto& listener) {
    return std::find(kept.begin(), kept.end(), listener) != kept.end();
  });
  retire(due);
}

void Listening::drop_old_generations() {
  const Listeners closing = fleet_.generations.drop_unless([&](std::uint32_t number) {
    return number == fleet_.table.goal_generation() ||
           number == fleet_.table.serving_generation() || fleet_.table.has_workers_of(number);
  });
  retire(closing);
}

void Listening::close() {
  postponed_.clear();
  fleet_.generations.drop_unless([](std::uint32_t) { return false; });
}

Listeners Listening::bound() const {
  Listeners bound = fleet_.generations.all_listeners();
  add(bound, postponed_);
  return bound;
}

/// The listeners at which clients must find this server; a reload under way may still fail.
Listeners Listening::wanted() const {
  Listeners wanted;
  if (fleet_.table.stop_mode() != StopMode::kNone) return wanted;
  for (const std::uint32_t number :
       {fleet_.table.goal_generation(), fleet_.table.serving_generation()}) {
    if (fleet_.generations.contains(number)) add(wanted, fleet_.generations.at(number).listeners);
  }
  return wanted;
}

/// Whether somebody accepts from the listener when this worker has left. Nobody does if it has been
/// retired; in a stop, or after WINCH, only the other master of an upgrade does.
bool Listening::goes_on_elsewhere(const std::shared_ptr<Listener>& listener) const {
  if (listener->is_retired) return false;
  if (fleet_.table.stop_mode() != StopMode::kNone || fleet_.table.is_parked()) {
    return upgrade_.leaves_to_peer(listener);
  }
  const Listeners kept = wanted();
  return std::find(kept.begin(), kept.end(), listener) != kept.end();
}

std::uint64_t Listening::listeners_of_others(std::uint32_t slot) const {
  const Listeners& listeners =
      fleet_.generations.at(fleet_.table.worker(slot).generation).listeners;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < std::min(listeners.size(), WorkerSlot::kListenersTold); ++i) {
    if (goes_on_elsewhere(listeners[i])) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

void Listening::revive() {
  const Listeners kept = wanted();
  const Binds binds = binds_of(fleet_.goal().config);
  for (const auto& listener : kept) {
    if (auto revived = alicorn::revive(*listener, binds); !revived)
      log::error(revived.error().text());
  }
  give_away_files(kept);
}

void Listening::give_away_files(const Listeners& listeners) const {
  for (const auto& listener : listeners) {
    if (!identity_ || !has_file(*listener)) continue;
    if (auto given = give_file(*listener, identity_->uid, identity_->gid); !given) {
      log::error(given.error().text());
    }
  }
}

}  // namespace alicorn
