// Tokens in compact form: signed (JWS, RFC 7515), or encrypted around a signed token (JWE, RFC
// 7516, nested as in RFC 7519 section 5.2). Any thread.
#pragma once

#include "jose/key_ring.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Larger than any header line, yet cheap to decode.
constexpr std::size_t kTokenBytesMax = 64 << 10;

std::string sign_compact(const Key& key, std::string_view payload);
/// The payload; nullopt for anything else. "crit" is refused because no extension is supported.
std::optional<std::string> verify_compact(const KeyRing& ring, std::string_view token);

/// {"alg":...,"enc":"A256GCM","cty":"JWT"[,"kid":...]} around a signed token.
std::string encrypt_compact(const Key& key, std::string_view signed_token);
/// The signed token inside; nullopt for anything else.
std::optional<std::string> decrypt_compact(const KeyRing& ring, std::string_view token);

}  // namespace jwt_auth
