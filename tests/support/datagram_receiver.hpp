// A test's own syslog or statsd daemon. In tests.
#pragma once

#include "base/address.hpp"
#include "base/unique_fd.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn::test {

class DatagramReceiver {
 public:
  explicit DatagramReceiver(std::string_view address) : address_(*Address::parse(address)) {
    socket_.reset(::socket(address_.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket_.get(), address_.data(), address_.size()), 0) << address;
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size);
    if (!address_.is_unix()) address_ = Address::from_sockaddr(storage, size);
  }
  ~DatagramReceiver() {
    if (address_.is_unix()) ::unlink(address_.path().c_str());
  }
  DatagramReceiver(const DatagramReceiver&) = delete;
  DatagramReceiver& operator=(const DatagramReceiver&) = delete;

  const Address& address() const { return address_; }

  /// The next datagram; "" if none arrives.
  std::string receive(int patience_ms = 20'000) {
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, patience_ms) != 1) return "";
    std::string buffer(64 * 1024, '\0');
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    buffer.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return buffer;
  }
  /// All datagrams until one contains the text, one per line. All that arrived if none does.
  std::string receive_until(std::string_view text) {
    std::string all;
    for (std::string next; !(next = receive(10'000)).empty();) {
      all.append(next).append("\n");
      if (all.find(text) != std::string::npos) break;
    }
    return all;
  }

 private:
  Address address_;
  UniqueFd socket_;
};

}  // namespace alicorn::test
