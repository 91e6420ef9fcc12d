// Receives the clients of an acceptor, and decides whether it may take another one. The
// implementation knows the connections, so the acceptor need not. Worker, I/O thread.
#pragma once

#include "base/address.hpp"
#include "base/clock.hpp"
#include "workers/net/accept_gate.hpp"
#include "workers/net/place.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

class Reception {
 public:
  Reception() = default;
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;
  virtual ~Reception() = default;

  /// True if clients that are taken will be served.
  virtual bool can_serve() const = 0;
  virtual bool has_room() const = 0;
  /// True if ending an idle connection would make room for a client that waits at this socket, and
  /// no sibling that takes clients there has room.
  virtual bool wants_room(const Place& place, MonotonicTime time) = 0;
  /// Ends some of the connections that have been idle longest.
  virtual void make_room(MonotonicTime time) = 0;
  /// One look at a listener's queue.
  struct Look {
    const Place& place;
    AcceptGate::Occasion occasion;
    MonotonicTime time;
    bool is_after_long_turn;  ///< see AcceptGate::Occasion::kLongTurn
    std::uint32_t taken = 0;  ///< clients taken in this look; they will need threads
  };
  /// Empty if this worker takes no clients.
  virtual std::optional<Rank> rank(MonotonicTime time) = 0;
  virtual AcceptGate::Verdict judge(AcceptGate& gate, const Look& look) = 0;
  /// Time until a client that was left is looked at again.
  virtual milliseconds relook_delay() const = 0;
  /// Takes ownership of the descriptor, which is non-blocking and close-on-exec.
  virtual void take(int fd, const Address& peer, const Address& local) = 0;
};

}  // namespace alicorn
