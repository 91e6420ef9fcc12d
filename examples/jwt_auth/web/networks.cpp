#include "web/networks.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include <arpa/inet.h>

namespace jwt_auth {
namespace {

std::string text_of(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

/// 64:ff9b::/96: behind this prefix a translator shows all of IPv4.
bool is_translated(const in6_addr& address) {
  constexpr std::array<std::uint8_t, 12> kPrefix{0, 0x64, 0xff, 0x9b};
  return std::equal(kPrefix.begin(), kPrefix.end(), address.s6_addr);
}

std::string network_of(in6_addr address, std::size_t prefix_bytes) {
  std::fill(address.s6_addr + prefix_bytes, std::end(address.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &address, text.data(), text.size());
  return std::string(text.data()) + '/' + std::to_string(8 * prefix_bytes);
}

}  // namespace

std::vector<std::string> networks_of(std::string_view address) {
  const std::string text(address);
  if (in_addr parsed{}; ::inet_pton(AF_INET, text.c_str(), &parsed) == 1) return {text_of(parsed)};
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return {};
  if (IN6_IS_ADDR_V4MAPPED(&parsed) || is_translated(parsed)) {
    in_addr embedded{};
    std::memcpy(&embedded, parsed.s6_addr + 12, sizeof embedded);
    return {text_of(embedded)};
  }
  return {network_of(parsed, 8), network_of(parsed, 7), network_of(parsed, 6)};
}

}  // namespace jwt_auth
