// The client's end of a replay: sends the recorded bytes, says that these are all, and writes what
// comes back to a descriptor as it comes. `alicorn replay`, I/O thread.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/client_socket.hpp"
#include "workers/response_reader.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace alicorn {

class ReplayClient final : private SocketOwner {
 public:
  /// `bytes` must outlive it.
  ReplayClient(boost::asio::io_context& io, std::string_view bytes,
               std::vector<std::int32_t> methods, int output_fd);

  void start(UniqueFd fd);
  bool ended() const { return ended_; }  ///< the server has closed the connection
  bool output_failed() const { return output_failed_; }
  const ResponseReader& responses() const { return responses_; }

 private:
  void on_socket_event() noexcept override;
  void take_response();
  void send_more();
  void write_out(std::string_view bytes);

  ClientSocket socket_;
  std::string_view unsent_;
  bool said_all_ = false, ended_ = false, output_failed_ = false;
  const int output_fd_;
  ResponseReader responses_;
  std::array<char, 16 * 1024> received_{};
};

}  // namespace alicorn
