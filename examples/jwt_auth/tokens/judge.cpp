// The part of TokenService that judges tokens from clients.
#include "jose/compact.hpp"
#include "jose/json.hpp"
#include "store/queries.hpp"
#include "tokens/service_keys.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace jwt_auth {
namespace {

namespace json = boost::json;

/// The last second of the year 9999. Python's clock ends there, and simplejwt answers 500 beyond.
constexpr std::int64_t kTimeMax = 253402300799;

[[noreturn]] void refuse() {
  throw TokenError("Token is invalid");
}

/// int(value) of a number, with true as 1 and false as 0; nullopt for anything that is not a time.
/// A time before 1970 may be arbitrarily far off.
std::optional<std::int64_t> time_of(const json::value& value) {
  if (const auto* integer = value.if_int64()) {
    return *integer > kTimeMax ? std::nullopt : std::optional(*integer);
  }
  if (const auto* real = value.if_double()) {
    const double whole = std::trunc(*real);
    if (whole > static_cast<double>(kTimeMax)) return std::nullopt;
    return static_cast<std::int64_t>(std::max(whole, -static_cast<double>(kTimeMax)));
  }
  if (const auto* flag = value.if_bool()) return *flag ? 1 : 0;
  return std::nullopt;
}

/// The time in a claim; nullopt if the claim is absent.
std::optional<std::int64_t> time_claim(const Claims& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  const auto time = time_of(*value);
  if (!time) refuse();
  return time;
}

/// aud may be a string or a list of strings (RFC 7519 section 4.1.3).
bool is_for_one_of(const std::vector<std::string>& audience, const json::value* value) {
  if (value == nullptr) return false;
  const auto is_ours = [&](const json::value& each) {
    const json::string* text = each.if_string();
    return text != nullptr &&
           std::find(audience.begin(), audience.end(), std::string_view(*text)) != audience.end();
  };
  if (const json::array* list = value->if_array()) {
    const bool are_texts = std::all_of(list->begin(), list->end(),
                                       [](const json::value& each) { return each.is_string(); });
    return are_texts && std::any_of(list->begin(), list->end(), is_ours);
  }
  return is_ours(*value);
}

/// The database column holds 255 characters.
bool is_storable_jti(std::string_view text) {
  constexpr std::ptrdiff_t kJtiLengthMax = 255;
  const auto begins_character = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80;
  };
  return is_storable(text) &&
         std::count_if(text.begin(), text.end(), begins_character) <= kJtiLengthMax;
}

bool is_text_if_there(const Claims& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  return value == nullptr || value->is_string();
}

}  // namespace

Claims TokenService::decode(std::string_view token, Clock::time_point now) const {
  std::optional<std::string> payload;
  if (settings_.encrypt) {
    // An unencrypted token is refused even if its signature is good: its claims have been seen, and
    // an attacker who may choose the form could leave the encryption off.
    const auto inner = decrypt_compact(keys_->encryptions, token);
    if (inner) payload = verify_compact(keys_->signatures, *inner);
  } else {
    payload = verify_compact(keys_->signatures, token);
  }
  if (!payload) refuse();
  auto claims = parse_object(*payload);
  if (!claims) refuse();

  // PyJWT compares whole seconds with a fractional clock; floor() gives the same result.
  const std::int64_t time = std::chrono::floor<seconds>(now).time_since_epoch().count();
  const std::int64_t leeway = settings_.leeway.count();
  for (const std::string_view name : {"iat", "nbf"}) {
    if (const auto start = time_claim(*claims, name); start && *start > time + leeway) refuse();
  }
  if (const auto end = time_claim(*claims, "exp"); end && *end <= time - leeway) {
    throw TokenError("Token is expired");
  }
  if (!settings_.issuer.empty()) {
    const auto* issuer = string_member(*claims, "iss");
    if (issuer == nullptr || *issuer != settings_.issuer) refuse();
  }
  if (!settings_.audience.empty() &&
      !is_for_one_of(settings_.audience, claims->if_contains("aud"))) {
    refuse();
  }
  if (settings_.token_blacklist && settings_.jti_claim) {
    // Such a token could not be revoked.
    const auto jti = text_of(*claims, *settings_.jti_claim);
    if (jti && !is_storable_jti(*jti)) refuse();
  }
  if (!is_text_if_there(*claims, "sub") || !is_text_if_there(*claims, "jti")) refuse();
  return *std::move(claims);
}

void TokenService::verify(const Claims& claims, std::optional<TokenType> type) const {
  if (!claims.contains("exp")) throw TokenError("Token has no 'exp' claim");
  if (settings_.jti_claim && !claims.contains(*settings_.jti_claim)) {
    throw TokenError("Token has no id");
  }
  if (!type || !settings_.token_type_claim) return;
  const json::value* found = claims.if_contains(*settings_.token_type_claim);
  if (found == nullptr) throw TokenError("Token has no type");
  const json::string* text = found->if_string();
  if (text == nullptr || *text != name_of(*type)) throw TokenError("Token has wrong type");
}

void TokenService::verify_refresh_exp(const Claims& claims, Clock::time_point now) const {
  const std::string& name = settings_.sliding_token_refresh_exp_claim;
  const auto end = time_claim(claims, name);
  if (!end) throw TokenError("Token has no '" + name + "' claim");
  const std::int64_t time = std::chrono::floor<seconds>(now).time_since_epoch().count();
  if (*end <= time - settings_.leeway.count()) {
    throw TokenError("Token '" + name + "' claim has expired");
  }
}

std::optional<std::int64_t> TokenService::seconds_of(const Claims& claims, std::string_view name) {
  return time_claim(claims, name);
}

std::optional<std::string> TokenService::text_of(const Claims& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string()) return std::string(*text);
  if (const double* real = value->if_double()) {
    const bool is_whole = std::trunc(*real) == *real && std::fabs(*real) < 1e15;
    return is_whole ? std::to_string(static_cast<std::int64_t>(*real)) : dump_ascii(*value);
  }
  return value->is_number() ? dump_ascii(*value) : std::string();
}

}  // namespace jwt_auth
