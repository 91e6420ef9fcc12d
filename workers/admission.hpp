// Whether the worker takes another client: is there room, and should a sibling rather have it?
// Tells the siblings, in turn, how open this worker is. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/accept_gate.hpp"
#include "workers/connection_context.hpp"
#include "workers/connection_set.hpp"
#include "workers/siblings.hpp"

#include <cstdint>

namespace alicorn {

class Admission {
 public:
  Admission(const ConnectionContext& context, const ConnectionSet& connections, Siblings siblings);

  void begin_to_serve();
  /// From now on what is queued is this worker's to answer, however busy it is.
  void begin_to_leave();
  /// Clients that it takes will be served.
  bool can_serve() const { return phase_ != Phase::kStarting && !context_.poisoned; }
  bool has_room() const;
  /// There would be, if an idle connection made room; and no sibling has any.
  bool wants_room(MonotonicTime time);
  /// One look at a listener's queue.
  struct Look {
    AcceptGate::Occasion occasion;
    MonotonicTime time;
    bool is_after_long_turn;  ///< see AcceptGate::Occasion::kLongTurn
    std::uint32_t taken = 0;  ///< clients, in this look: they will want threads
  };
  AcceptGate::Verdict judge(AcceptGate& gate, const Look& look);
  /// When a client that was left is to be looked at again.
  milliseconds relook_delay() const;

  /// To be called when a call has gone to another thread, or has come back from there.
  void note_load();
  /// With each sweep.
  void look_at_load();

 private:
  enum class Phase { kStarting, kServing, kLeaving };

  /// Those that run on other threads and those that wait for one: a thread that comes back is
  /// theirs.
  std::uint32_t calls() const;
  Openness openness() const;
  void publish();

  const ConnectionContext& context_;
  const ConnectionSet& connections_;
  Siblings siblings_;
  Phase phase_ = Phase::kStarting;
  Openness published_ = Openness::kClosed;
  std::uint32_t running_elsewhere_ = 0;
};

}  // namespace alicorn
