#include "base/address.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace alicorn {
namespace {

constexpr std::uint16_t kDefaultPort = 8000;
constexpr std::size_t kUnixPathMax = sizeof(sockaddr_un{}.sun_path) - 1;

bool is_ip(int family) {
  return family == AF_INET || family == AF_INET6;
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

template <class Number>
std::optional<Number> parse_number(std::string_view digits) {
  Number number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed_to, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc{} || parsed_to != end) return std::nullopt;
  return number;
}

/// Parts of "HOST:PORT", "HOST", ":PORT", "[V6]:PORT" or "[V6]". `port` is empty if none was given.
struct HostAndPort {
  std::string host;
  std::optional<std::string_view> port;
  bool bracketed = false;
};

std::optional<HostAndPort> split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    HostAndPort parts{std::string(text.substr(1, close - 1)), std::nullopt, true};
    const std::string_view rest = text.substr(close + 1);
    if (rest.empty()) return parts;
    if (!rest.starts_with(':')) return std::nullopt;
    parts.port = rest.substr(1);
    return parts;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return HostAndPort{std::string(text), std::nullopt};
  return HostAndPort{std::string(text.substr(0, colon)), text.substr(colon + 1)};
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  if (text.starts_with("fd://")) {
    const auto fd = parse_number<int>(text.substr(5));
    if (!fd || *fd < 0) return fail("bad address " + quoted(text) + ": fd://NUMBER expected");
    Address address;
    address.kind_ = Kind::kInherited;
    address.inherited_fd_ = *fd;
    return address;
  }
  return parse_inet(text);
}

Result<Address> Address::parse_unix(std::string_view path) {
  // "unix:///run/s" is another spelling of "unix:/run/s". With only two slashes some people would
  // read a host, and Gunicorn reads a relative path.
  if (path.starts_with("//")) {
    if (!path.starts_with("///")) {
      return fail("bad address " + quoted("unix:" + std::string(path)) +
                  ": unix:PATH expected, with one slash or three before an absolute path");
    }
    path.remove_prefix(2);
  }
  if (path.empty() || path == "@") return fail("bad address 'unix:': a path is missing");
  if (path.size() > kUnixPathMax) {
    return fail("bad address 'unix:" + std::string(path) + "': the path is longer than " +
                std::to_string(kUnixPathMax) + " bytes");
  }
  if (path.find('\0') != std::string_view::npos) {
    return fail("bad address: a NUL byte in the path of a unix socket");
  }
  Address address;
  address.kind_ = Kind::kUnix;
  address.path_ = path;
  auto& target = reinterpret_cast<sockaddr_un&>(address.storage_);
  target.sun_family = AF_UNIX;
  std::memcpy(target.sun_path, path.data(), path.size());
  const bool is_abstract = path.front() == '@';
  if (is_abstract) target.sun_path[0] = '\0';
  // An abstract name is every byte up to the size. A path ends with its NUL.
  address.size_ =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  return address;
}

Result<Address> Address::parse_inet(std::string_view text) {
  const std::optional<HostAndPort> parts = split(text);
  if (!parts || text.empty()) {
    return fail("bad address " + quoted(text) +
                ": HOST:PORT, [V6]:PORT, unix:PATH or fd://N expected");
  }
  std::uint16_t port = kDefaultPort;
  if (parts->port) {
    const auto number = parse_number<std::uint16_t>(*parts->port);
    if (parts->port->starts_with("//")) {
      return fail("bad address " + quoted(text) +
                  ": an address has no scheme: HOST:PORT, [V6]:PORT, unix:PATH or fd://N expected");
    }
    if (!number) {
      const bool bare_v6 = !parts->bracketed && parts->port->find(':') != std::string_view::npos;
      return fail("bad address " + quoted(text) +
                  (bare_v6 ? ": an IPv6 address goes in brackets: [::1]:8000"
                           : ": the port is a number from 0 to 65535"));
    }
    port = *number;
  }
  Address address;
  if (parts->bracketed) {
    auto& target = reinterpret_cast<sockaddr_in6&>(address.storage_);
    if (::inet_pton(AF_INET6, parts->host.c_str(), &target.sin6_addr) != 1) {
      return fail("bad address " + quoted(text) + ": no IPv6 address in the brackets");
    }
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(port);
    address.size_ = sizeof(sockaddr_in6);
    address.unmap();
    return address;
  }
  auto& target = reinterpret_cast<sockaddr_in&>(address.storage_);
  const std::string host = parts->host.empty()          ? "0.0.0.0"
                           : parts->host == "localhost" ? "127.0.0.1"
                                                        : parts->host;
  if (::inet_pton(AF_INET, host.c_str(), &target.sin_addr) != 1) {
    return fail("bad address " + quoted(text) + ": the host is an IP address or \"localhost\"");
  }
  target.sin_family = AF_INET;
  target.sin_port = htons(port);
  address.size_ = sizeof(sockaddr_in);
  return address;
}

Address Address::from_sockaddr(const sockaddr_storage& storage, socklen_t size) {
  Address address;
  address.size_ = size < sizeof(storage) ? size : static_cast<socklen_t>(sizeof(storage));
  std::memcpy(&address.storage_, &storage, address.size_);
  if (storage.ss_family != AF_UNIX) {
    address.unmap();
    return address;
  }
  address.kind_ = Kind::kUnix;
  const auto& source = reinterpret_cast<const sockaddr_un&>(storage);
  // A client's socket has no name: the size ends before the path.
  const std::size_t header = offsetof(sockaddr_un, sun_path);
  const std::size_t room = address.size_ > header ? address.size_ - header : 0;
  const std::size_t length = std::min(room, sizeof(source.sun_path));
  if (length == 0) return address;
  if (source.sun_path[0] == '\0') {
    address.path_ = "@" + std::string(source.sun_path + 1, length - 1);
  } else {
    address.path_ = std::string(source.sun_path, ::strnlen(source.sun_path, length));
  }
  return address;
}

void Address::unmap() {
  if (family() != AF_INET6) return;
  sockaddr_in6 mapped{};
  std::memcpy(&mapped, &storage_, sizeof(mapped));
  if (!IN6_IS_ADDR_V4MAPPED(&mapped.sin6_addr)) return;
  constexpr std::size_t kPrefix = 12;
  sockaddr_in plain{};
  plain.sin_family = AF_INET;
  plain.sin_port = mapped.sin6_port;
  std::memcpy(&plain.sin_addr, mapped.sin6_addr.s6_addr + kPrefix, sizeof(plain.sin_addr));
  storage_ = {};
  std::memcpy(&storage_, &plain, sizeof(plain));
  size_ = sizeof(plain);
}

bool Address::is_any() const {
  if (family() == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr == htonl(INADDR_ANY);
  }
  return family() == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr);
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage_.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage_).sin_addr, text,
                sizeof(text));
  } else if (storage_.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr, text,
                sizeof(text));
  }
  return text;
}

std::uint16_t Address::port() const {
  if (storage_.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  }
  if (storage_.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
  }
  return 0;
}

std::string Address::text() const {
  if (kind_ == Kind::kInherited) return "fd://" + std::to_string(inherited_fd_);
  if (kind_ == Kind::kUnix) return "unix:" + path_;
  const std::string host = storage_.ss_family == AF_INET6 ? "[" + ip() + "]" : ip();
  return host + ":" + std::to_string(port());
}

bool Address::operator==(const Address& other) const {
  return kind_ == other.kind_ && inherited_fd_ == other.inherited_fd_ && path_ == other.path_ &&
         family() == other.family() && port() == other.port() &&
         (!is_ip(family()) || has_ip_of(other));
}

bool Address::accepts(const Address& local) const {
  if (kind_ != local.kind_) return false;
  return is_any() ? port() == local.port() : *this == local;
}

bool Address::has_ip_of(const Address& other) const {
  if (family() != other.family()) return false;
  if (family() == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(other.storage_).sin_addr.s_addr;
  }
  if (family() != AF_INET6) return false;
  return IN6_ARE_ADDR_EQUAL(&reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr,
                            &reinterpret_cast<const sockaddr_in6&>(other.storage_).sin6_addr);
}

}  // namespace alicorn
