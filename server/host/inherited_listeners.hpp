// Listening sockets that somebody else opened: systemd, a supervisor, the previous master of a
// binary upgrade. Master.
#pragma once

#include "server/host/listeners.hpp"

#include <memory>
#include <string>

namespace alicorn {

/// What systemd (LISTEN_FDS, for this process) and the previous master (ALICORN_LISTEN_FDS) handed
/// over. Takes the variables out of the environment, so that no child takes them for its own.
Result<Listeners> take_inherited_listeners();

/// Owns the descriptor from now on, if it is a listening stream socket.
Result<std::shared_ptr<Listener>> adopt_listener(int fd, const Address& asked,
                                                 Listener::Origin origin);

/// "3=127.0.0.1:8000,4=unix:/run/x.sock": the value of ALICORN_LISTEN_FDS. Those from systemd and
/// of fd://N are not in it: they keep their numbers.
std::string describe_for_upgrade(const Listeners& listeners);

inline constexpr const char* kUpgradeFdsVariable = "ALICORN_LISTEN_FDS";

}  // namespace alicorn
