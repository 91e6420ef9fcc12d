// A unix socket's file: created with its final mode, a stale one replaced, anything else left
// alone. Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"

namespace alicorn {

/// bind() of a stream socket to a path or an abstract name. Mode 0660 from its first moment on.
Result<void> bind_unix(int fd, const Address& address);

}  // namespace alicorn
