#include "workers/net/client_socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <utility>

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::int64_t kBlocked = -1, kDead = -2;

std::int64_t outcome(ssize_t sent) {
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? kBlocked : kDead;
}

}  // namespace

ClientSocket::ClientSocket(boost::asio::io_context& io, SocketOwner& owner)
    : socket_(io.get_executor()), owner_(owner) {}

void ClientSocket::open(int family, int fd) {
  boost::system::error_code ignored;  // fails only if the socket is open already
  socket_.assign(boost::asio::generic::stream_protocol(family, 0), fd, ignored);
  socket_.native_non_blocking(true, ignored);
  if (family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  read_end_ = ReadEnd::kNone;
}

void ClientSocket::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void ClientSocket::start_read(char* data, std::size_t size) {
  reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(data, size),
      in_place(read_memory_, [this](const boost::system::error_code& error, std::size_t count) {
        read_ended(error, count);
      }));
}

std::size_t ClientSocket::read_now(char* data, std::size_t size) {
  const ssize_t got = ::recv(fd(), data, size, MSG_DONTWAIT);
  // The next start_read() finds an end or an error again.
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

void ClientSocket::start_wait_readable() {
  reading_ = true;
  socket_.async_wait(socket_.wait_read,
                     in_place(read_memory_, [this](const boost::system::error_code& error) {
                       read_ended(error, 0);
                     }));
}

void ClientSocket::read_ended(const boost::system::error_code& error, std::size_t count) {
  reading_ = false;
  read_count_ = count;
  if (!error) {
    read_end_ = ReadEnd::kData;
  } else if (error == boost::asio::error::eof) {
    read_end_ = ReadEnd::kEof;
  } else {
    const bool cancelled = error == boost::asio::error::operation_aborted;
    read_end_ = cancelled ? ReadEnd::kCancelled : ReadEnd::kError;
  }
  owner_.on_socket_event();
}

ClientSocket::ReadEnd ClientSocket::take_read(std::size_t& count) {
  count = std::exchange(read_count_, 0);
  return std::exchange(read_end_, ReadEnd::kNone);
}

std::int64_t ClientSocket::send(const iovec* vectors, int count) {
  if (count == 1) {
    return outcome(::send(fd(), vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(vectors);  // NOLINT: sendmsg only reads it
  message.msg_iovlen = static_cast<std::size_t>(count);
  return outcome(::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

bool ClientSocket::hung_up() {
  pollfd entry{.fd = fd(), .events = 0, .revents = 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

std::optional<std::size_t> ClientSocket::last_bytes() {
  pollfd entry{.fd = fd(), .events = POLLRDHUP, .revents = 0};
  if (::poll(&entry, 1, 0) != 1 || (entry.revents & POLLRDHUP) == 0) return std::nullopt;
  return unread_bytes();
}

bool ClientSocket::has_unread() {
  return unread_bytes().value_or(0) > 0;
}

std::optional<std::size_t> ClientSocket::unread_bytes() {
  int count = 0;
  if (::ioctl(fd(), FIONREAD, &count) < 0) return std::nullopt;
  return static_cast<std::size_t>(count);
}

std::size_t ClientSocket::unsent() {
  int count = 0;
  if (::ioctl(fd(), SIOCOUTQ, &count) < 0) return 0;
  return static_cast<std::size_t>(count);
}

void ClientSocket::start_wait_writable() {
  waiting_to_write_ = true;
  socket_.async_wait(socket_.wait_write,
                     in_place(write_memory_, [this](const boost::system::error_code&) {
                       waiting_to_write_ = false;
                       owner_.on_socket_event();
                     }));
}

void ClientSocket::shutdown_write() {
  boost::system::error_code ignored;
  socket_.shutdown(socket_.shutdown_send, ignored);
}

void ClientSocket::shut_down() {
  boost::system::error_code ignored;
  socket_.shutdown(socket_.shutdown_both, ignored);
}

void ClientSocket::end_by_reset(bool is_cut) {
  const linger how{is_cut ? 1 : 0, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

}  // namespace alicorn
