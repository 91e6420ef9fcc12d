// A listening socket as the master passes it to a worker.
#pragma once

#include "base/address.hpp"

#include <cstdint>

namespace alicorn {

/// A bound, listening, non-blocking socket, inherited from the master. The worker owns it after its
/// boot has begun.
struct WorkerListener {
  int fd;
  Address address;
  /// Its position among the sockets of its address, and their number (reuse_port).
  std::uint32_t place = 0, places = 1;
};

}  // namespace alicorn
