// Datagrams to a local daemon, over UDP or a unix socket: sent without waiting, and to its new
// socket when the daemon was restarted. Any process.
#pragma once

#include "base/address.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace alicorn {

class DatagramSocket {
 public:
  /// Nothing is opened before the first send: that nobody receives yet is no error of a start.
  explicit DatagramSocket(const Address& target) : target_(target) {}

  /// The pieces as one datagram. 0, or errno: EAGAIN when the receiver does not keep up.
  int send(std::initializer_list<std::string_view> pieces);
  /// Datagrams that a send took and that nobody received, as the kernel said later (UDP alone);
  /// each is told once.
  std::uint64_t take_lost();
  /// To wait on after EAGAIN; -1 before the first send.
  int fd() const { return socket_.get(); }

 private:
  int connect();

  Address target_;
  UniqueFd socket_;
  std::uint64_t lost_ = 0;
};

}  // namespace alicorn
