// What must be remembered of a client between two requests. Worker, I/O thread.
#pragma once

#include <cstdint>

namespace alicorn {

/// Times are in µs of CLOCK_MONOTONIC.
struct RestState {
  std::uint64_t idle_since_us = 0;
  std::uint64_t deadline_us = 0;  ///< of the next request's head, or of keep-alive; 0: none
  bool was_served = false;        ///< it has had an answer
  /// Another worker, or a message that nobody reads, may hold a copy of its descriptor.
  bool may_have_copy = false;
};

/// A request that waits for a thread, and goes with its client to where there is one. Times are in
/// µs of CLOCK_MONOTONIC.
struct WaitingRequest {
  std::uint64_t received_us = 0;  ///< when its first byte came
  std::uint64_t came_us = 0;      ///< when its head was complete; 0: there is no such request
  std::uint64_t ready_us = 0;     ///< since when it waits for a thread: its body has come
  std::uint32_t moves = 0;        ///< how often it has changed hands
  bool has_claim = false;         ///< the sender has claimed a thread of the receiver for it
};

}  // namespace alicorn
