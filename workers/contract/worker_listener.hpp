// A listening socket as the master hands it to a worker.
#pragma once

#include "base/address.hpp"

namespace alicorn {

/// A bound, listening, non-blocking socket, inherited from the master. The worker owns it from its
/// boot on.
struct WorkerListener {
  int fd;
  Address address;
};

}  // namespace alicorn
