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
constexpr FarewellPlan graceful_farewell(milliseconds graceful_timeout) {
  return {milliseconds(200),   kIdleGrace,        graceful_timeout,
          milliseconds(1'000), milliseconds(500), "graceful_timeout"};
}
/// When a worker that follows this plan has left at the latest, but for logs whose disk stands
/// still: each of the two logs may take one more second.
constexpr milliseconds time_of(const FarewellPlan& plan) {
  return plan.all + plan.last_words + plan.threads;
}
inline constexpr milliseconds kMasterGonePatience{50};

/// A supervisor and a wrapper that both pass the same SIGTERM on mean one stop.
inline constexpr milliseconds kSecondThought{1'000};

// ---- How long the master waits for a worker

/// Beyond graceful_timeout. Then the worker is killed.
inline constexpr milliseconds kLeaveSlack{3'000};
/// In a quick stop. Then the worker is killed.
inline constexpr milliseconds kQuickGrace{5'000};
/// Time after SIGKILL before a child that still exists is left behind. The kernel lets no process
/// end while it waits for a disk or a network file system, which may never answer.
inline constexpr milliseconds kTimeAfterKill{3'000};

inline constexpr milliseconds kLogPatience{1'000};
static_assert(time_of(graceful_farewell(milliseconds(0))) + kLogPatience < kLeaveSlack,
              "a worker that leaves in its time is not killed");
static_assert(time_of(kQuickFarewell) + 2 * kLogPatience < kQuickGrace,
              "a worker that leaves in its time is not killed");

// ---- How long others wait for a master

/// From a hook's SIGTERM to its SIGKILL, and from there until it is left behind.
inline constexpr milliseconds kHookTermGrace{2'000};
inline constexpr milliseconds kHookKillGrace{5'000};
/// Of a master beyond what its workers take: for those that are killed and left behind. The service
/// manager is asked for so much more.
inline constexpr milliseconds kMasterSlack{7'000};
/// Of a new master that an old one has told to go, beyond graceful_timeout; and in a quick stop.
inline constexpr milliseconds kSuccessorSlack{8'000};
inline constexpr milliseconds kSuccessorQuickGrace{10'000};

static_assert(kLeaveSlack + kTimeAfterKill < kMasterSlack,
              "a master that leaves stuck workers behind is not killed by its service manager");
static_assert(kMasterSlack < kSuccessorSlack,
              "an old master waits for a new one at least as long as a service manager would");
static_assert(kQuickGrace + kTimeAfterKill < kSuccessorQuickGrace,
              "a new master that leaves stuck workers behind is not killed by the old one");

}  // namespace alicorn
