// Accepts from one listening socket while the worker has room for another client. Worker, I/O
// thread.
#pragma once

#include "workers/connection_set.hpp"
#include "workers/handler_memory.hpp"
#include "workers/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace alicorn {

class Acceptor {
 public:
  /// `index`: of the listener among the worker's. `may_accept`: is there room, and a thread that
  /// could serve it?
  Acceptor(boost::asio::io_context& io, const WorkerListener& listener, std::size_t index,
           ConnectionSet& connections, WorkerSlot& scoreboard,
           const std::function<bool()>& may_accept);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Waits for clients, if it may and does not yet. To be called again when there is room again.
  void resume();
  enum class Queued { kTake, kLeave };
  /// Takes what is queued now (or leaves it to the others that hold the socket), then no more, and
  /// closes: where nobody else holds the socket, new clients are refused from then on. To be called
  /// again while the worker drains: there may be no descriptor for all of it at once.
  void stop(Queued queued);
  /// Stops at once where the master says that others go on with this listener: what waits there all
  /// of them together serve sooner than one that leaves.
  void leave_to_others();

 private:
  /// False: nobody waits.
  bool accept_one();
  void accept_next();
  void refresh_local_address(int fd);

  ConnectionSet& connections_;
  WorkerSlot& scoreboard_;
  const std::function<bool()>& may_accept_;
  const Address listener_;
  const std::size_t index_;
  Address local_;  ///< of the newest connection
  const bool local_is_wildcard_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> socket_;
  HandlerMemory memory_;
  std::uint64_t failing_since_us_ = 0;
  int accepts_at_stop_ = 0;
  bool waiting_ = false, stopped_ = false;
};

}  // namespace alicorn
