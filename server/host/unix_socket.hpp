// The file of a unix socket: created with its final mode; a stale one is replaced, anything else is
// left untouched. Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"

#include <sys/types.h>

namespace alicorn {

/// Binds a stream socket to a path or an abstract name. The file has this mode from the first
/// moment.
Result<void> bind_unix(int fd, const Address& address, mode_t mode = 0660);

/// Whether nobody serves there. `fd`: a socket to try it with.
Result<void> require_unserved(int fd, const Address& address);

/// Makes the kernel refuse descriptors that a client sends along (Linux 6.16 or newer): on a
/// listening socket, for all accepted ones. Otherwise the reader has to close them, and closing a
/// socket with SO_LINGER may block the reader.
void refuse_descriptors(int socket);

}  // namespace alicorn
