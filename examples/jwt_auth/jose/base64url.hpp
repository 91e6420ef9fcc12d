// Base64 with the URL alphabet and without padding (RFC 7515 section 2). Any process, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace jwt_auth {

using Bytes = std::span<const std::uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string base64url_encode(Bytes bytes);
inline std::string base64url_encode(std::string_view text) {
  return base64url_encode(bytes_of(text));
}

/// Accepts exactly one text for given bytes: padding, other characters and stray last bits are
/// refused. PyJWT accepts padding and skips unknown characters, but no issuer writes such tokens.
std::optional<std::string> base64url_decode(std::string_view text);
/// Decodes into the caller's memory; nullopt also where that is too small. Allocates nothing.
std::optional<std::size_t> base64url_decode(std::string_view text, std::span<std::uint8_t> out);

}  // namespace jwt_auth
