// A client between two owners. Worker, I/O thread.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/connection/rest_state.hpp"

#include <cstdint>
#include <string>

namespace alicorn {

struct MovingClient {
  UniqueFd fd;
  RestState state;
  WaitingRequest request;      ///< the one with which `unread` begins, if it waits for a thread
  std::string unread;          ///< what has been read of its next request
  std::uint32_t refusals = 0;  ///< how often nobody has claimed it
};

}  // namespace alicorn
