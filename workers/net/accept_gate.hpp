// Decides, for one listener that several workers accept from, whether this worker takes the client
// that waits there or leaves it, to a sibling or for a moment. Pure: loads and time are arguments.
// Worker, I/O thread.
//
// A free thread beats a busy one, and among equals the worker with fewer connections goes first. So
// an idle sibling serves a client at once, and clients that keep their connections spread evenly.
// But nobody waits for ever for a better place: a busy worker leaves a client to its siblings for
// one round (as many returns of its calls as it has calls), then only to those that have brought a
// call back since, and after a second round takes it in any case. A free one is patient for a
// millisecond.
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
  std::uint64_t thread_freed_us = 0;  ///< WorkerLoad's
};

class AcceptGate {
 public:
  enum class Verdict { kTake, kLeave };
  /// Why a busy worker looks. (A free one may always take a client.)
  enum class Occasion {
    kArrival,  ///< a client has come: it waits for a return, a sibling may come free sooner
    kReturn,   ///< a call has returned, or the loop's own thread runs short ones all the time
    /// The loop was at other things for a millisecond and more: what siblings that call themselves
    /// free have left until now is nobody's in particular.
    kLongTurn,
  };

  /// How long a free worker leaves a client to one that is free as well and has fewer connections:
  /// both have been woken, so the other needs microseconds, unless it is inside a short call.
  static constexpr milliseconds kFreePatience{1};
  /// After this, what was left is to be looked at again even if no call returns.
  static constexpr milliseconds kBusyRelook{10};

  /// `calls`: of this worker's, those that run and those that wait for a thread. `siblings`: the
  /// other workers that live. Without any, a busy worker takes all that wait with each return:
  /// until then they stay in the queue, for this worker or its replacement.
  Verdict judge(Occasion occasion, const AcceptLoad& own, std::uint32_t calls,
                std::span<const AcceptLoad> siblings, MonotonicTime now);
  /// So many calls have returned, all in all: to be said before each judge().
  void note_returned(std::uint64_t total);
  /// Whoever was left has been taken, or is gone.
  void note_nobody_waits();

 private:
  enum class Patience { kWhole, kActiveOnly, kNone };
  /// Since when clients are left to others, and how much of the two rounds is over.
  struct Left {
    MonotonicTime since;
    std::uint64_t returns = 0;
    std::uint32_t round = 0;  ///< returns; 0: not yet known, a thread was free
  };

  Patience patience(bool is_busy, MonotonicTime now) const;
  bool is_rival(const AcceptLoad& sibling, const AcceptLoad& own, Patience patience) const;

  std::optional<Left> left_;
  std::uint64_t returned_ = 0;
};

}  // namespace alicorn
