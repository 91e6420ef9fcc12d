// Sends datagrams to a local daemon over UDP or a unix socket. Never waits, and finds the daemon's
// new socket after a restart. Used in any process.
#pragma once

#include "base/address.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace alicorn {

class DatagramSocket {
 public:
  /// Opens nothing before the first send: a missing receiver must not make a start fail.
  explicit DatagramSocket(const Address& target) : target_(target) {}

  /// Sends the pieces as one datagram. Returns 0 or errno; EAGAIN if the receiver does not keep up.
  int send(std::initializer_list<std::string_view> pieces);
  /// Number of datagrams that send() accepted but nobody received, as the kernel reported later
  /// (UDP only). Each is reported once.
  std::uint64_t take_lost();
  /// The descriptor to wait on after EAGAIN; -1 before the first send.
  int fd() const { return socket_.get(); }

 private:
  int connect();

  Address target_;
  UniqueFd socket_;
  std::uint64_t lost_ = 0;
};

}  // namespace alicorn
