// The end of a listener, and its return: after a reload, in a stop, and in an upgrade, whose two
// masters share listeners. Master.
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

  /// No new connections; what waits in the queues still finds a worker. What the other master may
  /// go on with ends when it is clear that it does not, or with this process. In a stop the workers
  /// alone hold the sockets from here on: when they have emptied the queues, new clients are
  /// refused at once rather than left to wait until the last request has been answered.
  void retire(const Listeners& listeners);
  void retire_all() { retire(fleet_.generations.all_listeners()); }
  /// What only older generations than the goal's listen to.
  void retire_old() { retire(fleet_.generations.listeners_not_of(fleet_.table.goal_generation())); }
  /// After a reload that came to nothing: it had opened again what it names, also an address that
  /// only workers have which no longer accept. An earlier reload may be under way, and the
  /// generation that serves keeps its own.
  void retire_unwanted();
  /// After every wake-up: nobody tells a child of its parent's end.
  void retire_postponed();
  /// Generations that nobody needs any more, and what only they listened to.
  void drop_old_generations();
  /// The master ends: whoever waits for that may want the addresses.
  void close();

  /// Whatever has a descriptor: no other socket can be bound there.
  Listeners bound() const;
  /// Which listeners of this worker's somebody accepts from when it has left, as WorkerSlot has it.
  std::uint64_t listeners_of_others(std::uint32_t slot) const;

  /// After a new master that may have ended them, because it alone was to go on. Its workers may
  /// still hold the sockets: those are the same, and only paths are bound anew.
  void revive();
  /// Another user's workers must not need more than their path.
  void give_away_files(const Listeners& listeners) const;

 private:
  Listeners wanted() const;
  bool goes_on_elsewhere(const std::shared_ptr<Listener>& listener) const;

  Fleet& fleet_;
  Upgrade& upgrade_;
  const std::optional<Identity>& identity_;
  Listeners postponed_;  ///< ended, but for the other master of an upgrade: see retire()
};

Binds binds_of(const Config& config);
/// What is to be said once of a configuration that serves.
std::vector<std::string> remarks_of(const Config& config, const Listeners& listeners);

}  // namespace alicorn
