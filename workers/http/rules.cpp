#include "workers/http/rules.hpp"

#include "base/ascii.hpp"

#include <arpa/inet.h>
#include <string.h>

namespace alicorn {
namespace {

constexpr CharSet kHostChars =
    CharSet::alphanumeric_and("-._~!$&'()*+;=");  // '%' is checked separately

bool is_port(std::string_view text) {
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) return false;
  }
  return true;  // an empty port is valid: "host:"
}

bool is_ipv6(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated) return false;
  text.copy(terminated, text.size());
  terminated[text.size()] = '\0';
  in6_addr address;
  // inet_pton would stop at a NUL among the bytes.
  return text.find('\0') == text.npos && ::inet_pton(AF_INET6, terminated, &address) == 1;
}

/// Where a registered name (or IPv4 address) ends: at the ':' of a port, or at the end; npos: it is
/// malformed.
std::size_t name_end(std::string_view text) {
  for (std::size_t i = 0;; i += 3) {
    while (i < text.size() && kHostChars.contains(text[i])) ++i;
    if (i == text.size() || text[i] == ':') return i;
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && is_hex_digit(text[i + 1]) &&
                           is_hex_digit(text[i + 2]);
    if (!is_escape) return text.npos;
  }
}

constexpr std::uint64_t repeat(unsigned char c) {
  return 0x0101010101010101U * c;
}

/// Lowers eight token bytes at once. Sets a bit in `underscores` for each '_'.
std::uint64_t lower_eight(std::uint64_t bytes, std::uint64_t& underscores) {
  // Tokens are ASCII, so adding up to 0x3f to a byte carries only into its own top bit.
  const std::uint64_t from_a = bytes + repeat(0x80 - 'A');
  const std::uint64_t beyond_z = bytes + repeat(0x80 - 'Z' - 1);
  const std::uint64_t upper = (from_a & ~beyond_z) & repeat(0x80);
  // No borrow runs between bytes here either: each is at most 0x7f after the xor.
  underscores |= (repeat(0x80) - (bytes ^ repeat('_'))) & repeat(0x80);
  return bytes | (upper >> 2);
}

}  // namespace

bool is_host(std::string_view text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos || !is_ipv6(text.substr(1, end - 1))) return false;
    ++end;
  } else {
    end = name_end(text);
    if (end == text.npos || end == 0) return false;
  }
  if (end == text.size()) return true;
  return text[end] == ':' && is_port(text.substr(end + 1));
}

bool next_element(std::optional<std::string_view>& list, std::string_view& element) {
  if (!list) return false;
  const std::size_t comma = list->find(',');
  element = trim_ows(list->substr(0, comma));
  if (comma == list->npos) {
    list.reset();
  } else {
    list->remove_prefix(comma + 1);
  }
  return true;
}

bool lower_token(char* text, std::size_t size) {
  std::uint64_t underscores = 0;
  const auto lower_at = [&](std::size_t offset, auto word) {
    ::memcpy(&word, text + offset, sizeof word);
    word = static_cast<decltype(word)>(lower_eight(word, underscores));
    ::memcpy(text + offset, &word, sizeof word);
  };
  // The last word overlaps the previous one: lowering twice does no harm.
  if (size >= sizeof(std::uint64_t)) {
    const std::size_t last = size - sizeof(std::uint64_t);
    for (std::size_t i = 0; i < last; i += sizeof(std::uint64_t)) lower_at(i, std::uint64_t{});
    lower_at(last, std::uint64_t{});
  } else if (size >= sizeof(std::uint32_t)) {
    lower_at(0, std::uint32_t{});
    lower_at(size - sizeof(std::uint32_t), std::uint32_t{});
  } else {
    for (std::size_t i = 0; i < size; ++i) lower_at(i, std::uint8_t{});
  }
  return underscores != 0;
}

bool is_framing_field(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding";
}

}  // namespace alicorn
