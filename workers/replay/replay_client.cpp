#include "workers/replay/replay_client.hpp"

#include "base/log.hpp"
#include "base/shortage.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <exception>
#include <system_error>
#include <utility>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

namespace alicorn {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

/// Errors come as values.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// False: nobody takes it any more.
bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

asio::awaitable<void> send(Socket& socket, std::string_view requests) {
  const auto buffer = asio::buffer(requests);
  // A server that no longer reads may still answer, so an error is no end.
  co_await asio::async_write(socket, buffer, kAwait);
  boost::system::error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
}

using OnBytes = std::function<void(std::string_view)>;

asio::awaitable<void> receive(Socket& socket, const OnBytes& on_bytes) {
  std::array<char, 16 * 1024> received{};
  const auto buffer = asio::buffer(received);
  for (;;) {
    // An error is an end as well: the server closes although some of the request is unread.
    const auto [error, count] = co_await socket.async_read_some(buffer, kAwait);
    if (error) break;
    on_bytes({received.data(), count});
  }
  boost::system::error_code ignored;
  socket.close(ignored);  // ends send() as well
}

}  // namespace

ReplayClient::ReplayClient(std::string_view bytes, const RecordedRequests& recording, int output_fd,
                           std::function<void()> on_end)
    : bytes_(bytes),
      recording_(recording),
      output_fd_(output_fd),
      on_end_(std::move(on_end)),
      responses_(recording.methods) {}

void ReplayClient::join() {
  if (thread_.joinable()) thread_.join();
}

Result<void> ReplayClient::start(UniqueFd fd) {
  join();
  const std::size_t answered = responses_.complete();
  const auto requests = bytes_.substr(answered == 0 ? 0 : recording_.ends[answered - 1]);
  try {
    thread_ = std::thread(
        [this, requests, end = std::move(fd)]() mutable { talk(std::move(end), requests); });
  } catch (const std::system_error& error) {
    return fail_task(TaskKind::kThread, error.code().value(), "start the client's thread");
  }
  return {};
}

bool ReplayClient::wants_another() const {
  return !output_failed_ && responses_.closed_in_order() &&
         responses_.complete() < recording_.methods.size();
}

void ReplayClient::talk(UniqueFd fd, std::string_view requests) {
  const OnBytes on_bytes = [this](std::string_view bytes) {
    responses_.receive(bytes);
    output_failed_ = output_failed_ || !write_all(output_fd_, bytes);
  };
  try {
    asio::io_context io(1);
    Socket socket(io, asio::local::stream_protocol(), fd.get());
    static_cast<void>(fd.release());
    const auto rethrow = [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    };
    asio::co_spawn(io, send(socket, requests), rethrow);
    asio::co_spawn(io, receive(socket, on_bytes), rethrow);
    io.run();
  } catch (const std::exception& error) {
    log::error("the client of the replay ends", {{"error", error.what()}});
  }
  fd.reset();  // if the socket could not take it over
  responses_.end();
  on_end_();
}

}  // namespace alicorn
