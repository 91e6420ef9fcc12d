#include "jose/base64url.hpp"
#include "jose/compact.hpp"
#include "jose/header.hpp"

namespace jwt_auth {
namespace {

/// The key whose own header has exactly these bytes; then nothing needs to be parsed.
const Key* find_signer(const KeyRing& ring, std::string_view header_segment) {
  for (const Key& key : ring.keys()) {
    if (key.jws_header() == header_segment) return &key;
  }
  return nullptr;
}

bool has_valid_signature(const KeyRing& ring, const KeyHint& hint, std::string_view input,
                         std::string_view signature) {
  return ring.any(hint, [&](const Key& key) { return key.verifies(input, signature); });
}

}  // namespace

std::string sign_compact(const Key& key, std::string_view payload) {
  std::string token = key.jws_header() + '.' + base64url_encode(payload);
  const std::string signature = base64url_encode(key.sign(token));
  return token.append(1, '.').append(signature);
}

std::optional<std::string> verify_compact(const KeyRing& ring, std::string_view token) {
  if (token.size() > kTokenBytesMax) return std::nullopt;
  const auto segments = split_token<3>(token);
  if (!segments) return std::nullopt;
  const auto& [header_segment, payload, signature] = *segments;
  const std::string_view input = token.substr(0, token.size() - signature.size() - 1);
  bool is_valid = false;
  if (const Key* signer = find_signer(ring, header_segment)) {
    KeyHint hint{signer->algorithm().name, std::nullopt};
    if (signer->has_own_kid()) hint.kid = signer->kid();
    is_valid = has_valid_signature(ring, hint, input, signature);
  } else if (const auto header = read_header(header_segment)) {
    is_valid = has_valid_signature(ring, hint_of(*header), input, signature);
  }
  if (!is_valid) return std::nullopt;
  return base64url_decode(payload);
}

}  // namespace jwt_auth
