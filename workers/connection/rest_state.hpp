// What must be remembered of a client between two requests. Worker, I/O thread.
#pragma once

#include <cstdint>

namespace alicorn {

/// Times are in µs of CLOCK_MONOTONIC.
struct RestState {
  std::uint64_t idle_since_us = 0;
  std::uint64_t deadline_us = 0;  ///< of the next request's head, or of keep-alive; 0: none
  bool was_served = false;        ///< it has had an answer
};

}  // namespace alicorn
