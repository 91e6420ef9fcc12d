// Keeps the chores that need files, and has them done one after the other by a child, so that a
// disk at a standstill holds up nobody. Master.
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

  /// As soon as what is under way is done: at once, if nothing is.
  void ask(Chores::Kind chore, std::optional<Chores::Asker> asker = std::nullopt);
  /// Whether one more client may ask: while a disk is at a standstill, others who only look must
  /// find room.
  bool has_room(const ControlSocket& socket) const;
  /// The next one, unless one is under way. In each turn of the master's loop, until there is none.
  std::optional<Chores::Kind> begin() { return chores_.begin(); }
  /// The chore that has begun is over. Gives the clients who asked for it.
  std::vector<Chores::Asker> end() { return chores_.end(); }

  /// The child that does what has begun.
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
