// The client's end of a replay: sends the recorded bytes, says that these are all, and writes what
// comes back to a descriptor as it comes. A response that ends its connection leaves the requests
// behind it to another. `alicorn replay`, I/O thread.
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
  /// `bytes` and `recording` must outlive it. `on_end`: the server has closed the connection.
  ReplayClient(boost::asio::io_context& io, std::string_view bytes,
               const RecordedRequests& recording, int output_fd, std::function<void()> on_end);

  /// Sends what has no response yet.
  void start(UniqueFd fd);
  bool ended() const { return ended_; }  ///< the server has closed the connection
  /// It has ended as its last response said, and there are more requests.
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
