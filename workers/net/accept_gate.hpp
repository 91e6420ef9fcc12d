// Decides whether this worker takes the client that waits at a shared listener, or leaves it to a
// sibling or for a moment. One gate per listener. Pure: loads and time are arguments. Worker, I/O
// thread.
//
// A free thread beats a busy one; among equals, the worker with fewer connections goes first. So an
// idle sibling serves a client at once, and keep-alive clients spread evenly. But no client waits
// forever for a better place. A busy worker leaves a client to its siblings for one round, which
// lasts for as many returned calls as the worker has calls. For a second round it leaves the client
// only to siblings that have had a call return since. After that it takes the client. A free worker
// waits for one millisecond.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/load_table.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace alicorn {

/// A worker as its siblings see it.
struct AcceptLoad {
  Openness openness = Openness::kClosed;
  std::uint64_t connections = 0;
  std::uint64_t thread_freed_us = 0;  ///< as in WorkerLoad
};

class AcceptGate {
 public:
  enum class Verdict { kTake, kLeave };
  /// Why a busy worker looks. (A free worker may take a client at any time.)
  enum class Occasion {
    kArrival,  ///< a client has arrived: a sibling may become free sooner
    kReturn,   ///< a call has returned, or the leader runs short calls all the time
    /// The loop was busy for more than a millisecond. Clients that free siblings have not taken in
    /// that time are nobody's in particular.
    kLongTurn,
  };

  /// How long a free worker leaves a client to a free sibling with fewer connections. Both have
  /// been woken, so the sibling needs microseconds unless it is inside a short call.
  static constexpr milliseconds kFreePatience{1};
  /// After this time the worker looks again at the clients it left, even if no call returns.
  static constexpr milliseconds kBusyRelook{10};

  /// `calls` counts this worker's calls that run or wait for a thread. `siblings` are the other
  /// workers alive. Without siblings, a busy worker takes all waiting clients whenever a call
  /// returns. Until then they stay in the queue, for this worker or its replacement.
  Verdict judge(Occasion occasion, const AcceptLoad& own, std::uint32_t calls,
                std::span<const AcceptLoad> siblings, MonotonicTime now);
  /// Sets the total number of returned calls. Call this before each judge().
  void note_returned(std::uint64_t total);
  /// Every client that was left has been taken or is gone.
  void note_nobody_waits();

 private:
  enum class Patience { kWhole, kActiveOnly, kNone };
  /// Since when clients have been left to siblings, and how much of the two rounds is over.
  struct Left {
    MonotonicTime since;
    std::uint64_t returns = 0;
    std::uint32_t round = 0;  ///< length in returns; 0: unknown while a thread was free
  };

  Patience patience(bool is_busy, MonotonicTime now) const;
  bool is_rival(const AcceptLoad& sibling, const AcceptLoad& own, Patience patience) const;

  std::optional<Left> left_;
  std::uint64_t returned_ = 0;
};

}  // namespace alicorn
