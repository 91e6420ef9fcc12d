#include "base/datagram_socket.hpp"

#include "base/standard_streams.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include <sys/uio.h>

namespace alicorn {
namespace {

constexpr std::size_t kPiecesMax = 4;

}  // namespace

/// The socket is connected because only then does the kernel report that nobody listens, and only
/// then does poll wait for room at the receiver.
int DatagramSocket::connect() {
  socket_.reset(above_standard_streams(
      ::socket(target_.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  if (!socket_) return errno;
  if (::connect(socket_.get(), target_.data(), target_.size()) == 0) return 0;
  const int error = errno;
  socket_.reset();
  return error;
}

int DatagramSocket::send(std::initializer_list<std::string_view> pieces) {
  std::array<iovec, kPiecesMax> vector{};
  msghdr message{};
  message.msg_iov = vector.data();
  for (const std::string_view piece : pieces) {
    if (message.msg_iovlen == kPiecesMax) return EMSGSIZE;
    vector[message.msg_iovlen++] = {.iov_base = const_cast<char*>(piece.data()),
                                    .iov_len = piece.size()};
  }
  // Try twice: the first error may belong to an earlier datagram, or to a daemon that has exited.
  for (int attempt = 0;; ++attempt) {
    if (!socket_) {
      if (const int error = connect(); error != 0) return error;
    }
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return 0;
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return EAGAIN;
    if (error == EINTR) continue;
    if (error == EMSGSIZE || attempt > 0) return error;
    if (target_.is_unix()) {
      socket_.reset();
    } else if (error == ECONNREFUSED) {
      ++lost_;
    }
  }
}

std::uint64_t DatagramSocket::take_lost() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (socket_ && !target_.is_unix() &&
      ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error == ECONNREFUSED) {
    ++lost_;
  }
  return std::exchange(lost_, 0);
}

}  // namespace alicorn
