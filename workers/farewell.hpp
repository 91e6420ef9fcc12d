// The times of a worker's leaving. Worker.
#pragma once

#include "base/clock.hpp"

namespace alicorn {

/// How a stop goes. Even the quick one answers who has just asked: to a client, a closed connection
/// is a lost request.
struct Farewell {
  milliseconds accept;  ///< handshakes that were under way still reach the listener: accepted
  milliseconds idle;    ///< a keep-alive client between two requests may be about to send one
  milliseconds all;     ///< then whatever is left is cut
};
inline constexpr milliseconds kAcceptGrace{200};
inline constexpr milliseconds kIdleGrace{1'000};
inline constexpr Farewell kQuickFarewell{milliseconds(50), milliseconds(100), milliseconds(1'000)};
/// For threads that are inside the app when the worker leaves.
inline constexpr milliseconds kThreadPatience{500};
inline constexpr milliseconds kMasterGonePatience{50};

}  // namespace alicorn
