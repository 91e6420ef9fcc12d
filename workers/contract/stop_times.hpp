// How long each step of a stop takes. Used in worker and master.
#pragma once

#include "base/clock.hpp"

namespace alicorn {

/// The course of a stop. Even a quick stop answers clients that have just sent a request: for them,
/// a closed connection is a lost request.
struct FarewellPlan {
  milliseconds accept;  ///< accept handshakes that were under way
  milliseconds idle;    ///< wait for the next request of idle keep-alive clients
  milliseconds all;     ///< after this, unanswered requests get a 503
  /// Time for the 503s, and the clients' closes that follow, to get through. Then everything is
  /// cut.
  milliseconds last_words;
  milliseconds threads;  ///< then time for threads that are inside the app
  const char* limit;     ///< the log's name for `all`
};

/// For a graceful stop.
inline constexpr milliseconds kIdleGrace{1'000};
/// Little more than a second in total: that is what "quick" promises.
inline constexpr FarewellPlan kQuickFarewell{milliseconds(50),  milliseconds(100),
                                             milliseconds(800), milliseconds(150),
                                             milliseconds(150), "quick stop"};
/// The master waits longer than the sum of the last two before it kills (roster.hpp).
inline FarewellPlan graceful_farewell(milliseconds graceful_timeout) {
  return {milliseconds(200),   kIdleGrace,        graceful_timeout,
          milliseconds(1'000), milliseconds(500), "graceful_timeout"};
}

inline constexpr milliseconds kMasterGonePatience{50};

/// A supervisor and a wrapper that both pass the same SIGTERM on mean one stop.
inline constexpr milliseconds kSecondThought{1'000};

/// Time after SIGKILL before a child that still exists is left behind. The kernel lets no process
/// end while it waits for a disk or a network file system, which may never answer.
inline constexpr milliseconds kTimeAfterKill{3'000};
}  // namespace alicorn
