// The address of a listener: "127.0.0.1:8000" | "[::1]:80" | "unix:/path" | "fd://3" <-> sockaddr.
// Used in any process.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace alicorn {

class Address {
 public:
  enum class Kind { kInet, kUnix, kInherited };

  /// Accepts HOST:PORT, :PORT (all IPv4 interfaces), HOST (port 8000), [V6]:PORT, unix:PATH,
  /// unix:@ABSTRACT and fd://N. A host is an IP address or "localhost". Names are not resolved
  /// because a resolver may block. With port 0 the kernel chooses the port.
  static Result<Address> parse(std::string_view text);
  /// Takes what getsockname() or getpeername() returned. An IPv4-mapped IPv6 address
  /// (::ffff:1.2.3.4) becomes the IPv4 address, so that one client has one spelling.
  static Address from_sockaddr(const sockaddr_storage& storage, socklen_t size);

  Kind kind() const { return kind_; }
  bool is_unix() const { return kind_ == Kind::kUnix; }
  int inherited_fd() const { return inherited_fd_; }  ///< N of fd://N, otherwise -1
  const std::string& path() const { return path_; }   ///< unix socket; a leading '@' means abstract
  std::string ip() const;                             ///< "" unless kInet; no brackets
  std::uint16_t port() const;                         ///< 0 unless kInet
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  bool is_any() const;  ///< 0.0.0.0 or [::]

  /// The address as an operator writes it: parse(text()) gives the same address.
  std::string text() const;
  bool operator==(const Address& other) const;
  /// Whether a connection to `local` may have come to a listener at this address.
  bool accepts(const Address& local) const;
  /// The same IP address, whatever the ports are. False for anything but IP addresses.
  bool has_ip_of(const Address& other) const;

 private:
  static Result<Address> parse_unix(std::string_view path);
  static Result<Address> parse_inet(std::string_view text);
  void unmap();

  Kind kind_ = Kind::kInet;
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
  std::string path_;
  int inherited_fd_ = -1;
};

}  // namespace alicorn
