// A listening socket as the master passes it to a worker.
#pragma once

#include "base/address.hpp"

namespace alicorn {

/// A bound, listening, non-blocking socket, inherited from the master. The worker owns it after its
/// boot has begun.
struct WorkerListener {
  int fd;
  Address address;
};

}  // namespace alicorn
