// Ends listeners and revives them: after a reload, in a stop, and in an upgrade, whose two masters
// share listeners. Master.
#pragma once

#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/host/listeners.hpp"
#include "server/host/privileges.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace alicorn {

class Listening {
 public:
  Listening(Fleet& fleet, Upgrade& upgrade, const std::optional<Identity>& identity)
      : fleet_(fleet), upgrade_(upgrade), identity_(identity) {}

  /// Refuses new connections; connections that wait in the queue are still accepted by a worker. A
  /// listener that the other master may still use ends when it is clear that the other master does
  /// not use it, or with this process. In a stop only the workers hold the sockets from here on:
  /// once they have emptied the queues, new clients are refused at once instead of being left to
  /// wait until the last request has been answered.
  void retire(const Listeners& listeners);
  void retire_all() { retire(fleet_.generations.all_listeners()); }
  /// The listeners that only generations older than the goal's use.
  void retire_old() { retire(fleet_.generations.listeners_not_of(fleet_.table.goal_generation())); }
  /// After a failed reload, which had opened the listeners that its configuration names, perhaps
  /// including an address that only workers still hold and no longer accept from. An earlier reload
  /// may be under way, and the serving generation keeps its own listeners.
  void retire_unwanted();
  /// To be called after every wake-up, because the kernel does not notify a child when its parent
  /// ends.
  void retire_postponed();
  /// Drops generations that nobody needs any more, and the listeners that only they used.
  void drop_old_generations();
  /// The master ends: whoever waits for its end may want the addresses.
  void close();

  /// Everything that has a descriptor: no other socket can be bound there.
  Listeners bound() const;
  /// The listeners of this worker from which somebody still accepts after the worker has left, in
  /// the form that WorkerSlot uses.
  std::uint64_t listeners_of_others(std::uint32_t slot) const;

  /// To be called after a new master has ended: it may have ended the listeners, because it
  /// expected to go on alone. Its workers may still hold the sockets. Those are the same sockets;
  /// only paths are bound anew.
  void revive();
  /// Gives the socket files to the workers' user, who must need no more than access to the path.
  void give_away_files(const Listeners& listeners) const;

 private:
  Listeners wanted() const;
  bool has_partner_elsewhere(const std::shared_ptr<Listener>& listener) const;
  bool goes_on_elsewhere(const std::shared_ptr<Listener>& listener) const;

  Fleet& fleet_;
  Upgrade& upgrade_;
  const std::optional<Identity>& identity_;
  Listeners postponed_;  ///< to be ended once the other master of an upgrade is gone: see retire()
};

Binds binds_of(const Config& config);
/// Remarks to be logged once about a configuration that serves.
std::vector<std::string> remarks_of(const Config& config, const Listeners& listeners);

}  // namespace alicorn
