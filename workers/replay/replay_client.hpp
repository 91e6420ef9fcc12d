// The client's end of a replay: sends the recorded bytes, ends its side, and writes the responses
// to a descriptor as they come. If a response ends its connection, the remaining requests go to
// another one. `alicorn replay`, I/O thread.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/net/client_socket.hpp"
#include "workers/replay/recorded_requests.hpp"
#include "workers/replay/response_reader.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace alicorn {

class ReplayClient final : private SocketOwner {
 public:
  /// `bytes` and `recording` must outlive the client. `on_end`: the server has closed the
  /// connection.
  ReplayClient(boost::asio::io_context& io, std::string_view bytes,
               const RecordedRequests& recording, int output_fd, std::function<void()> on_end);

  /// Sends the requests that have no response yet.
  void start(UniqueFd fd);
  bool ended() const { return ended_; }  ///< the server has closed the connection
  /// The connection has ended, as its last response announced, and there are more requests.
  bool wants_another() const;
  bool output_failed() const { return output_failed_; }
  const ResponseReader& responses() const { return responses_; }

 private:
  void on_socket_event() noexcept override;
  void take_response();
  void send_more();
  void write_out(std::string_view bytes);

  const std::string_view bytes_;
  const RecordedRequests& recording_;
  ClientSocket socket_;
  std::string_view unsent_;
  bool said_all_ = false, ended_ = false, output_failed_ = false;
  const int output_fd_;
  const std::function<void()> on_end_;
  ResponseReader responses_;
  std::array<char, 16 * 1024> received_{};
};

}  // namespace alicorn
