// The times that the steps of a stop take. Worker and master.
#pragma once

#include "base/clock.hpp"

namespace alicorn {

/// How a stop goes. Even the quick one answers who has just asked: to a client, a closed connection
/// is a lost request.
struct FarewellPlan {
  milliseconds accept;  ///< handshakes that were under way still reach the listener: accepted
  milliseconds idle;    ///< a keep-alive client between two requests may be about to send one
  milliseconds all;     ///< then whatever has no answer yet is answered 503
  /// For the 503s, and the clients' goodbyes to them, to get through; then all is cut.
  milliseconds last_words;
  milliseconds threads;  ///< then, for threads that are inside the app
  const char* limit;     ///< what the log calls the time for all
};

/// Of a worker that takes its time.
inline constexpr milliseconds kIdleGrace{1'000};
/// All in all little more than a second: that is what "quick" promises.
inline constexpr FarewellPlan kQuickFarewell{milliseconds(50),  milliseconds(100),
                                             milliseconds(800), milliseconds(150),
                                             milliseconds(150), "quick stop"};
/// The master grants more than the last two before it kills (roster.hpp).
inline FarewellPlan graceful_farewell(milliseconds graceful_timeout) {
  return {milliseconds(200),   kIdleGrace,        graceful_timeout,
          milliseconds(1'000), milliseconds(500), "graceful_timeout"};
}

inline constexpr milliseconds kMasterGonePatience{50};

/// A supervisor and a wrapper that both pass the same SIGTERM on mean one stop.
inline constexpr milliseconds kSecondThought{1'000};

/// From SIGKILL until a child that is still there is left behind. The kernel lets no process end
/// that waits for a disk or a network file system, and these may never answer.
inline constexpr milliseconds kTimeAfterKill{3'000};
}  // namespace alicorn
