// No token or JSON from a client may crash a worker, and what is accepted must mean the same when
// it is written and read again. Each input is used as a token, as the claims and as the header of a
// correctly signed token (most of the code is behind the signature check), and as a body.
#include "jose/base64url.hpp"
#include "jose/compact.hpp"
#include "jose/json.hpp"
#include "tokens/token.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace jwt_auth {
namespace {

Settings plain_settings() {
  Settings settings;
  settings.signing_key.secret = "0123456789abcdef0123456789abcdef";
  return settings;
}

Settings encrypted_settings() {
  Settings settings = plain_settings();
  settings.encrypt = true;
  settings.encryption_key.secret = settings.signing_key.secret;
  return settings;
}

struct Target {
  TokenService plain{plain_settings()};
  TokenService encrypted{encrypted_settings()};
  Key signer = Key::load(plain_settings().signing_key, "key", KeyUse::kSigning, "HS256");
  Key sealer = Key::load(encrypted_settings().encryption_key, "key", KeyUse::kEncrypting, {});

  std::string signed_as(std::string_view header, std::string_view payload) const {
    const std::string input = base64url_encode(header) + '.' + base64url_encode(payload);
    return input + '.' + base64url_encode(signer.sign(input));
  }
};

void judge(const TokenService& service, std::string_view token) {
  const Clock::time_point now{seconds(1'795'318'110)};
  try {
    const Claims claims = service.decode(token, now);
    service.verify(claims, TokenType::kAccess);
    for (const auto& claim : claims) static_cast<void>(TokenService::text_of(claims, claim.key()));
    if (service.decode(service.encode(claims), now) != claims) std::abort();
    static_cast<void>(service.encode(service.access_from_refresh(claims, now)));
  } catch (const TokenError&) {
    return;
  }
}

/// Reading some members must give the same values as reading the whole object, and keep no others.
void read_as_body(std::string_view text) {
  constexpr std::array<std::string_view, 2> kNames{"exp", "user_id"};
  boost::json::error_code error;
  const auto body = parse_members(text, kNames, kClaimsLimits, error);
  const auto claims = parse_object(text);
  if (error) {
    if (claims) std::abort();
    return;
  }
  const auto* kept = body.if_object();
  if (kept == nullptr) return;
  if (kept->size() > kNames.size()) std::abort();
  for (const auto& member : *kept) {
    if (std::find(kNames.begin(), kNames.end(), member.key()) == kNames.end()) std::abort();
    const auto& value = member.value();
    if (value.is_structured()) {
      const bool is_empty =
          value.is_array() ? value.get_array().empty() : value.get_object().empty();
      if (!is_empty) std::abort();
    } else if (claims && claims->at(member.key()) != value) {
      std::abort();
    }
  }
}

}  // namespace
}  // namespace jwt_auth

// libFuzzer prescribes this name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace jwt_auth;  // NOLINT(google-build-using-namespace)
  static const Target target;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  judge(target.plain, input);
  judge(target.encrypted, input);
  read_as_body(input);
  if (size > kTokenBytesMax / 4) return 0;  // must stay a token when encoded and encrypted
  constexpr std::string_view kHeader = R"({"alg":"HS256"})";
  judge(target.plain, target.signed_as(kHeader, input));
  judge(target.plain, target.signed_as(input, R"({"exp":1795318111})"));
  judge(target.encrypted, encrypt_compact(target.sealer, target.signed_as(kHeader, input)));
  return 0;
}
