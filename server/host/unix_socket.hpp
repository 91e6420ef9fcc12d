// A unix socket's file: created with its final mode, a stale one replaced, anything else left
// alone. Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"

#include <sys/types.h>

namespace alicorn {

/// bind() of a stream socket to a path or an abstract name. The file has this mode from its first
/// moment on.
Result<void> bind_unix(int fd, const Address& address, mode_t mode = 0660);

/// That nobody serves there. `fd`: a socket to try it with.
Result<void> require_unserved(int fd, const Address& address);

/// The kernel refuses descriptors that a client sends along, from Linux 6.16 on: on a listening
/// socket, for all that are accepted. Otherwise whoever reads closes them, and a socket that was
/// told to linger keeps its closer.
void refuse_descriptors(int socket);

}  // namespace alicorn
