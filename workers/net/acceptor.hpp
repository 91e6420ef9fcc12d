// Accepts from one listening socket while the worker has room and no sibling is a better place for
// the client. Worker, I/O thread.
#pragma once

#include "base/rare_line.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/worker_listener.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/net/accept_gate.hpp"
#include "workers/net/place.hpp"
#include "workers/net/reception.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace alicorn {

class Acceptor final : private EventLoop::Source {
 public:
  using Occasion = AcceptGate::Occasion;

  /// `index` is the listener's position among the worker's. `left_one` is called when a waiting
  /// client was left to the siblings; its owner must call resume() soon.
  Acceptor(EventLoop& loop, const WorkerListener& listener, std::size_t index, Reception& reception,
           WorkerSlot& scoreboard, const std::function<void()>& left_one);
  ~Acceptor() override { close(); }

  /// Starts or continues to take clients if there is room. This happens in a later turn of the
  /// loop, so a connection may call it at its very end.
  void resume();
  /// Looks at clients that were left to the siblings, if there are any.
  void look_again(Occasion occasion);
  /// With each sweep: finds out whether the clients that wait at this socket are this worker's.
  void look_at_place(const std::optional<Rank>& rank, MonotonicTime now);
  enum class Queued { kTake, kLeave };
  /// Takes the clients that are queued now (or leaves them to the other holders of the socket),
  /// then closes the socket. If nobody else holds the socket, new clients are refused from then on.
  /// Call this repeatedly while the worker drains: there may not be enough descriptors for all
  /// clients at once.
  void stop(Queued queued);
  /// If the master says that others continue with this listener, they get the clients that wait
  /// there: together they serve them sooner than a worker that leaves. A shared socket is closed at
  /// once. One of several is closed by stop(), because the others have yet to find out that it has
  /// become theirs.
  void leave_to_others();
  bool is_left_to_others() const { return is_left_to_others_; }
  bool has_stopped() const { return state_ == State::kStopped; }

 private:
  enum class State {
    kPaused,     ///< no room or no descriptors: resume() tries again
    kWaiting,    ///< waits for the next client
    kLooking,    ///< takes clients; each may end at once and make room
    kLeft,       ///< a waiting client is left to the siblings for now
    kElsewhere,  ///< another worker takes the clients of this socket (reuse_port)
    kStopped,
  };
  enum class Accepted { kClient, kNobody, kNothing };

  void on_events(std::uint32_t events) noexcept override;
  void go_on();
  void look(Occasion occasion);
  void wait();
  bool join();
  void leave_loop();
  void close();
  Accepted accept_one();
  bool anyone_waits();
  void note_nobody_waits();
  void make_room(MonotonicTime time);
  void refresh_local_address(int fd);
  void complain(int error);

  Reception& reception_;
  WorkerSlot& scoreboard_;
  const std::function<void()>& left_one_;
  const Address listener_;
  const std::size_t index_;
  Address local_;  ///< local address of the newest connection
  const bool local_is_wildcard_;
  EventLoop& loop_;
  UniqueFd socket_;
  bool has_joined_ = false;
  bool is_left_to_others_ = false;
  /// As far as we know. The loop reports arrivals, not the clients that are still there.
  bool has_waiting_ = true;
  /// A client inherits TCP_NODELAY unless it has waited since before the listener had it.
  bool sets_no_delay_ = true;
  AcceptGate gate_;
  PlaceWatch place_;
  State state_;
  MonotonicTime looked_at_{};
  RareLine complaint_;
  int accepts_at_stop_ = 0;
};

/// The meaning of a failed accept4().
enum class AcceptFailure {
  kNobody,      ///< no client waits
  kThisClient,  ///< the error concerns the next client only
  kNoResource,  ///< this process or machine lacks a resource: do not retry at once
};
AcceptFailure classify_accept_failure(int error);

}  // namespace alicorn
