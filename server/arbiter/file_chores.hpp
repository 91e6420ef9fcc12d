// Keeps the chores that need files, and has a child do them one after the other, so that a stalled
// disk holds up nobody. Master.
#pragma once

#include "server/arbiter/chores.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/spawn/errand.hpp"
#include "server/control/control_socket.hpp"
#include "server/host/signal_queue.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace alicorn {

class FileChores {
 public:
  /// The master's own descriptors, which no child of that generation may keep.
  using OwnDescriptors = std::function<std::vector<int>(std::uint32_t generation)>;

  FileChores(const Fleet& fleet, SignalQueue& signals, OwnDescriptors own_descriptors)
      : fleet_(fleet), signals_(signals), own_descriptors_(std::move(own_descriptors)) {}

  /// The chore starts as soon as the current one is done: at once, if there is none.
  void ask(Chores::Kind chore, std::optional<Chores::Asker> asker = std::nullopt);
  /// Whether one more client may ask. While a disk is stalled, there must be room for clients that
  /// only read the state.
  bool has_room(const ControlSocket& socket) const;
  /// The next chore, unless one is under way. To be called in each turn of the master's loop until
  /// it gives nothing.
  std::optional<Chores::Kind> begin() { return chores_.begin(); }
  /// The current chore is over. Gives the clients who asked for it.
  std::vector<Chores::Asker> end() { return chores_.end(); }

  /// Starts the child that does the current chore.
  void send(Errand errand);
  Errands& errands() { return errands_; }
  const Errands& errands() const { return errands_; }

 private:
  const Fleet& fleet_;
  SignalQueue& signals_;
  OwnDescriptors own_descriptors_;
  Chores chores_;
  Errands errands_;
};

}  // namespace alicorn
