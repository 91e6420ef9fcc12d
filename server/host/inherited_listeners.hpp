// Listening sockets that somebody else opened: systemd, a supervisor, the previous master of a
// binary upgrade. Master.
#pragma once

#include "server/host/listeners.hpp"

#include <memory>
#include <string>
#include <vector>

namespace alicorn {

/// The listeners that systemd (LISTEN_FDS, for this process) and the previous master
/// (ALICORN_LISTEN_FDS) handed over. Takes the variables out of the environment, so that no child
/// takes the listeners for its own.
Result<Listeners> take_inherited_listeners();

/// fd://N is adopted when the addresses are opened: until then, no executed program may keep it.
void hide_given_descriptors(const std::vector<Address>& binds);

/// Takes ownership of the descriptor, if it is a listening stream socket.
Result<std::shared_ptr<Listener>> adopt_listener(int fd, const Address& asked,
                                                 Listener::Origin origin);

/// "3=127.0.0.1:8000,4=unix:/run/x.sock,7=fd://7": the value of ALICORN_LISTEN_FDS. Listeners from
/// systemd are not in it, because they have variables of their own.
std::string describe_for_upgrade(const Listeners& listeners);

inline constexpr const char* kUpgradeFdsVariable = "ALICORN_LISTEN_FDS";

}  // namespace alicorn
