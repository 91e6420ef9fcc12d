#include "tokens/token.hpp"

#include "jose/compact.hpp"
#include "jose/json.hpp"
#include "jose/openssl.hpp"
#include "tokens/service_keys.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace jwt_auth {
namespace {

namespace json = boost::json;

std::int64_t epoch_seconds(Clock::time_point time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

std::string to_hex(const std::uint8_t* bytes, std::size_t count, std::string_view digits) {
  std::string text;
  text.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  return text;
}

/// uuid4().hex
std::string new_jti() {
  std::array<std::uint8_t, 16> bytes{};
  fill_random(bytes.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return to_hex(bytes.data(), bytes.size(), "0123456789abcdef");
}

json::value audience_value(const std::vector<std::string>& audience) {
  if (audience.size() == 1) return json::value(audience.front());
  json::array list;
  for (const std::string& each : audience) list.emplace_back(each);
  return list;
}

seconds lifetime_of(TokenType type, const Settings& settings) {
  switch (type) {
    case TokenType::kAccess:
      return settings.access_token_lifetime;
    case TokenType::kRefresh:
      return settings.refresh_token_lifetime;
    case TokenType::kSliding:
      return settings.sliding_token_lifetime;
  }
  return settings.access_token_lifetime;
}

}  // namespace

std::string_view name_of(TokenType type) {
  switch (type) {
    case TokenType::kAccess:
      return "access";
    case TokenType::kRefresh:
      return "refresh";
    case TokenType::kSliding:
      return "sliding";
  }
  return "";
}

TokenService::TokenService(const Settings& settings)
    : settings_(settings), keys_(std::make_unique<Keys>()) {
  KeyRing& ring = keys_->signatures;
  ring.add(
      Key::load(settings.signing_key, "app.signing_key", KeyUse::kSigning, settings.algorithm));
  const std::string_view algorithm = ring.keys().front().algorithm().name;
  for (std::size_t i = 0; i < settings.verifying_keys.size(); ++i) {
    const std::string name = "app.verifying_keys." + std::to_string(i);
    ring.add(Key::load(settings.verifying_keys[i], name, KeyUse::kVerifying, algorithm));
  }
  if (settings.encrypt) {
    KeyRing& encryptions = keys_->encryptions;
    encryptions.add(
        Key::load(settings.encryption_key, "app.encryption_key", KeyUse::kEncrypting, {}));
    for (std::size_t i = 0; i < settings.decryption_keys.size(); ++i) {
      const std::string name = "app.decryption_keys." + std::to_string(i);
      encryptions.add(Key::load(settings.decryption_keys[i], name, KeyUse::kDecrypting, {}));
    }
  }
  for (const KeyRing* each : {&keys_->signatures, &keys_->encryptions}) {
    for (const Key& key : each->keys()) {
      if (!key.warning().empty()) settings_.warnings.push_back(key.warning());
    }
  }
  json::array public_keys;
  for (const Key& key : ring.keys()) {
    if (json::object jwk = key.public_jwk(); !jwk.empty()) public_keys.push_back(std::move(jwk));
  }
  jwks_ = json::serialize(json::object{{"keys", std::move(public_keys)}});
}

TokenService::~TokenService() = default;

Claims TokenService::make(TokenType type, Clock::time_point now,
                          std::optional<seconds> lifetime) const {
  const std::int64_t time = epoch_seconds(now);
  Claims claims;
  if (settings_.token_type_claim) claims[*settings_.token_type_claim] = name_of(type);
  claims["exp"] = time + lifetime.value_or(lifetime_of(type, settings_)).count();
  claims["iat"] = time;
  if (settings_.jti_claim) claims[*settings_.jti_claim] = new_jti();
  if (type == TokenType::kSliding) {
    claims[settings_.sliding_token_refresh_exp_claim] =
        time + settings_.sliding_token_refresh_lifetime.count();
  }
  return claims;
}

void TokenService::add_user(Claims& claims, std::string_view user_id,
                            std::string_view encoded_password) const {
  claims[settings_.user_id_claim] = user_id;
  if (settings_.check_revoke_token) {
    claims[settings_.revoke_token_claim] = password_fingerprint(encoded_password);
  }
}

Claims TokenService::access_from_refresh(const Claims& refresh, Clock::time_point now) const {
  Claims access = make(TokenType::kAccess, now);
  for (const auto& claim : refresh) {
    const std::string_view name = claim.key();
    const bool is_fresh = name == "exp" || name == "iat" || name == "jti" ||
                          name == settings_.token_type_claim || name == settings_.jti_claim;
    if (!is_fresh) access[name] = claim.value();
  }
  return access;
}

Claims TokenService::rotated(const Claims& refresh, Clock::time_point now) const {
  const std::int64_t time = epoch_seconds(now);
  Claims claims = refresh;
  if (settings_.jti_claim) claims[*settings_.jti_claim] = new_jti();
  claims["exp"] = time + settings_.refresh_token_lifetime.count();
  claims["iat"] = time;
  return claims;
}

Claims TokenService::slid(const Claims& sliding, Clock::time_point now) const {
  const std::int64_t time = epoch_seconds(now);
  Claims claims = sliding;
  claims["exp"] = time + settings_.sliding_token_lifetime.count();
  claims["iat"] = time;
  return claims;
}

std::string TokenService::encode(const Claims& claims) const {
  Claims payload = claims;
  if (!settings_.audience.empty()) payload["aud"] = audience_value(settings_.audience);
  if (!settings_.issuer.empty()) payload["iss"] = settings_.issuer;
  std::string token = sign_compact(keys_->signatures.keys().front(), dump_ascii(payload));
  if (settings_.encrypt) token = encrypt_compact(keys_->encryptions.keys().front(), token);
  return token;
}

std::string TokenService::password_fingerprint(std::string_view encoded_password) {
  std::array<std::uint8_t, 16> digest{};
  std::size_t size = 0;
  ensure(EVP_Q_digest(nullptr, "MD5", nullptr, encoded_password.data(), encoded_password.size(),
                      digest.data(), &size) == 1,
         "MD5");
  return to_hex(digest.data(), digest.size(), "0123456789ABCDEF");
}

const std::string& TokenService::jwks() const {
  return jwks_;
}

}  // namespace jwt_auth
