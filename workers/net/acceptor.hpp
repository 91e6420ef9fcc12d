// Accepts from one listening socket, as long as the worker has room and no sibling should rather
// have the client. Worker, I/O thread.
#pragma once

#include "base/rare_line.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/worker_listener.hpp"
#include "workers/loop/handler_memory.hpp"
#include "workers/net/accept_gate.hpp"
#include "workers/net/reception.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace alicorn {

class Acceptor {
 public:
  using Occasion = AcceptGate::Occasion;

  /// `index`: of the listener among the worker's. `left_one`: a client waits that was left to the
  /// siblings; resume() is to be called soon.
  Acceptor(boost::asio::io_context& io, const WorkerListener& listener, std::size_t index,
           Reception& reception, WorkerSlot& scoreboard, const std::function<void()>& left_one);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Takes clients from now on, or again, if there is room: in a later turn of the loop, so that a
  /// connection at its very end may call it.
  void resume();
  /// Looks at those that were left to the siblings, if any were.
  void look_again(Occasion occasion);
  enum class Queued { kTake, kLeave };
  /// Takes what is queued now (or leaves it to the others that hold the socket), then no more, and
  /// closes: where nobody else holds the socket, new clients are refused from then on. To be called
  /// again while the worker drains: there may be no descriptor for all of it at once.
  void stop(Queued queued);
  /// Stops at once where the master says that others go on with this listener: what waits there all
  /// of them together serve sooner than one that leaves.
  void leave_to_others();
  bool has_stopped() const { return state_ == State::kStopped; }

 private:
  enum class State {
    kPaused,   ///< no room, or no descriptors: resume() tries again
    kWaiting,  ///< for the next client
    kLooking,  ///< takes clients, each of which may end at once and make room
    kLeft,     ///< a client waits, and is left to the siblings for the moment
    kStopped,
  };
  enum class Accepted { kClient, kNobody, kNothing };

  void look(Occasion occasion);
  void wait();
  Accepted accept_one();
  bool anyone_waits();
  void make_room(MonotonicTime time);
  void refresh_local_address(int fd);
  void complain(int error);

  Reception& reception_;
  WorkerSlot& scoreboard_;
  const std::function<void()>& left_one_;
  const Address listener_;
  const std::size_t index_;
  Address local_;  ///< of the newest connection
  const bool local_is_wildcard_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> socket_;
  HandlerMemory memory_;
  AcceptGate gate_;
  State state_ = State::kPaused;
  MonotonicTime looked_at_{};
  RareLine complaint_;
  int accepts_at_stop_ = 0;
};

/// What a failed accept4() means.
enum class AcceptFailure {
  kNobody,      ///< no client waits
  kThisClient,  ///< of the client that was next: the one behind it may be well
  kNoResource,  ///< of this process or machine: the same again, if tried at once
};
AcceptFailure classify_accept_failure(int error);

}  // namespace alicorn
