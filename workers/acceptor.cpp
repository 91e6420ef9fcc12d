#include "workers/acceptor.hpp"

#include "base/log.hpp"

#include <cstring>
#include <string>

#include <errno.h>
#include <sys/socket.h>

namespace alicorn {
namespace {

/// Under a storm of connections the queue of a listener that others keep open is never empty. As
/// many as the kernel lets wait by default (net.core.somaxconn).
constexpr int kAcceptsAtStop = 4096;
constexpr std::uint64_t kComplaintInterval =
    10'000'000;  // µs between two lines about the same trouble

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& io, const WorkerListener& listener, std::size_t index,
                   ConnectionSet& connections, WorkerSlot& scoreboard,
                   const std::function<bool()>& may_accept)
    : connections_(connections),
      scoreboard_(scoreboard),
      may_accept_(may_accept),
      listener_(listener.address),
      index_(index),
      local_(listener.address),
      local_is_wildcard_(listener_.ip() == "0.0.0.0" || listener_.ip() == "::"),
      socket_(io.get_executor(), listener.fd) {}

void Acceptor::resume() {
  if (waiting_ || stopped_ || !may_accept_()) return;
  waiting_ = true;
  socket_.async_wait(socket_.wait_read,
                     in_place(memory_, [this](const boost::system::error_code& error) {
                       waiting_ = false;
                       if (!error) accept_next();
                     }));
}

/// One client a wake-up: what else is queued wakes an idle sibling, too.
void Acceptor::accept_next() {
  if (!stopped_ && may_accept_()) accept_one();
  // While accept fails, waiting would return at once: the sweep tries again.
  if (failing_since_us_ == 0) resume();
}

bool Acceptor::accept_one() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  const int fd = ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&storage), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    failing_since_us_ = 0;
    if (local_is_wildcard_) refresh_local_address(fd);
    scoreboard_.accepted.fetch_add(1, std::memory_order_relaxed);
    connections_.start(fd, Address::from_sockaddr(storage, size), local_);
    return true;
  }
  const int error = errno;
  if (error == EAGAIN) {
    failing_since_us_ = 0;
    return false;
  }
  if (error == ECONNABORTED || error == EINTR) return true;
  // Out of descriptors or memory: said now and then; the sweep tries again.
  const std::uint64_t now_us = to_us(now());
  if (failing_since_us_ == 0 || now_us > failing_since_us_ + kComplaintInterval) {
    failing_since_us_ = now_us;
    log::error("cannot accept connections on " + listener_.text() + ": " +
               std::error_code(error, std::system_category()).message() +
               (error == EMFILE ? "; raise LimitNOFILE or lower worker_connections" : ""));
  }
  return false;
}

/// A listener on all interfaces: the client knows which one it came by.
void Acceptor::refresh_local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    local_ = Address::from_sockaddr(storage, size);
  }
}

void Acceptor::stop(Queued queued) {
  if (stopped_) return;
  while (queued == Queued::kTake && accepts_at_stop_++ < kAcceptsAtStop) {
    if (accept_one()) continue;
    // Without a descriptor for it the rest waits: others end meanwhile, and this is tried again.
    if (failing_since_us_ != 0) return;
    break;
  }
  stopped_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Acceptor::leave_to_others() {
  if (scoreboard_.is_of_others(index_)) stop(Queued::kLeave);
}

}  // namespace alicorn
