#include "workers/replay/replay_client.hpp"

#include <utility>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {

ReplayClient::ReplayClient(boost::asio::io_context& io, std::string_view bytes,
                           const RecordedRequests& recording, int output_fd,
                           std::function<void()> on_end)
    : bytes_(bytes),
      recording_(recording),
      socket_(io, *this),
      output_fd_(output_fd),
      on_end_(std::move(on_end)),
      responses_(recording.methods) {}

void ReplayClient::start(UniqueFd fd) {
  const std::size_t answered = responses_.complete();
  unsent_ = bytes_.substr(answered == 0 ? 0 : recording_.ends[answered - 1]);
  said_all_ = ended_ = false;
  socket_.open(AF_UNIX, fd.release());
  on_socket_event();
}

bool ReplayClient::wants_another() const {
  return ended_ && socket_.quiet() && !output_failed_ && responses_.closed_in_order() &&
         responses_.complete() < recording_.methods.size();
}

void ReplayClient::on_socket_event() noexcept {
  if (ended_) return;
  take_response();
  if (ended_) {
    responses_.end();
    socket_.close();
    on_end_();
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
    case ClientSocket::ReadEnd::kError:  // closed with some of the request unread
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
      unsent_ = {};  // the server no longer reads; its answer may still come
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
