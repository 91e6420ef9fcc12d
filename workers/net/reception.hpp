// Where an acceptor brings its clients, and who says whether it may take another one. What lies
// behind it knows the connections, so that the acceptor need not. Worker, I/O thread.
#pragma once

#include "base/address.hpp"
#include "base/clock.hpp"
#include "workers/net/accept_gate.hpp"

#include <cstdint>

namespace alicorn {

class Reception {
 public:
  Reception() = default;
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;
  virtual ~Reception() = default;

  /// Clients that are taken will be served.
  virtual bool can_serve() const = 0;
  virtual bool has_room() const = 0;
  /// There would be room if an idle connection ended, and no sibling has any.
  virtual bool wants_room(MonotonicTime time) = 0;
  /// Ends some of the connections that have been idle for longest.
  virtual void make_room(MonotonicTime time) = 0;
  /// One look at a listener's queue.
  struct Look {
    AcceptGate::Occasion occasion;
    MonotonicTime time;
    bool is_after_long_turn;  ///< see AcceptGate::Occasion::kLongTurn
    std::uint32_t taken = 0;  ///< clients, in this look: they will want threads
  };
  virtual AcceptGate::Verdict judge(AcceptGate& gate, const Look& look) = 0;
  /// When a client that was left is to be looked at again.
  virtual milliseconds relook_delay() const = 0;
  /// Owns the descriptor from now on, which is non-blocking and close-on-exec.
  virtual void take(int fd, const Address& peer, const Address& local) = 0;
};

}  // namespace alicorn
