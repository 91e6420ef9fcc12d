#include "workers/replay_client.hpp"

#include <utility>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {

ReplayClient::ReplayClient(boost::asio::io_context& io, std::string_view bytes,
                           std::vector<std::int32_t> methods, int output_fd)
    : socket_(io, *this), unsent_(bytes), output_fd_(output_fd), responses_(std::move(methods)) {}

void ReplayClient::start(UniqueFd fd) {
  socket_.open(AF_UNIX, fd.release());
  on_socket_event();
}

void ReplayClient::on_socket_event() noexcept {
  if (ended_) return;
  take_response();
  if (ended_) {
    responses_.end();
    socket_.close();
    return;
  }
  send_more();
  if (!socket_.reading()) socket_.start_read(received_.data(), received_.size());
}

void ReplayClient::take_response() {
  if (socket_.reading()) return;
  std::size_t count = 0;
  switch (socket_.take_read(count)) {
    case ClientSocket::ReadEnd::kData:
      responses_.receive({received_.data(), count});
      write_out({received_.data(), count});
      break;
    case ClientSocket::ReadEnd::kEof:
    case ClientSocket::ReadEnd::kError:  // closed while some of the request was not read
      ended_ = true;
      break;
    case ClientSocket::ReadEnd::kCancelled:
    case ClientSocket::ReadEnd::kNone:
      break;
  }
}

void ReplayClient::send_more() {
  while (!unsent_.empty() && !socket_.waiting_to_write()) {
    const iovec vector{const_cast<char*>(unsent_.data()), unsent_.size()};  // NOLINT: only read
    const std::int64_t sent = socket_.send(&vector, 1);
    if (sent > 0) {
      unsent_.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent == -1) {
      socket_.start_wait_writable();
    } else {
      unsent_ = {};  // the server reads no more; its answer may still come
    }
  }
  if (unsent_.empty() && !std::exchange(said_all_, true)) socket_.shutdown_write();
}

void ReplayClient::write_out(std::string_view bytes) {
  while (!bytes.empty() && !output_failed_) {
    const ssize_t written = ::write(output_fd_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = output_fd_, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      output_failed_ = true;
    }
  }
}

}  // namespace alicorn
