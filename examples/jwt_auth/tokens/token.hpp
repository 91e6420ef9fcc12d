// Tokens as simplejwt makes and judges them: the claims, their order, the checks and the messages.
// Read-only after construction, on any thread.
#pragma once

#include "settings/settings.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// What simplejwt calls TokenError: "Token is expired".
class TokenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class TokenType { kAccess, kRefresh, kSliding };
std::string_view name_of(TokenType type);  ///< "access": the value of token_type

using Claims = boost::json::object;
using Clock = std::chrono::system_clock;

class TokenService {
 public:
  /// Reads the keys. Throws SettingsError: a file that cannot be read, a key too short for its
  /// algorithm, a private key that is missing, a kid that is there twice.
  explicit TokenService(const Settings& settings);
  ~TokenService();
  TokenService(const TokenService&) = delete;
  TokenService& operator=(const TokenService&) = delete;

  /// Fresh claims in simplejwt's order: token_type, exp, iat, jti[, refresh_exp], user_id
  /// [, hash_password]. `lifetime`: other than that of the settings.
  Claims make(TokenType type, Clock::time_point now,
              std::optional<seconds> lifetime = std::nullopt) const;
  /// Adds user_id (a string) and, with check_revoke_token, the password's fingerprint.
  void add_user(Claims& claims, std::string_view user_id, std::string_view encoded_password) const;
  /// The access token that a refresh token gives: fresh token_type, exp, iat, jti, then the rest of
  /// its claims in their order. `now`: the refresh token's iat for a pair issued together.
  Claims access_from_refresh(const Claims& refresh, Clock::time_point now) const;
  /// The same claims with a new jti, exp and iat, in place.
  Claims rotated(const Claims& refresh, Clock::time_point now) const;
  /// For a sliding token: new exp and iat, the same jti and refresh_exp.
  Claims slid(const Claims& sliding, Clock::time_point now) const;

  /// aud and iss appended, signed, and encrypted if the settings say so.
  std::string encode(const Claims& claims) const;

  /// What simplejwt's Token.__init__ does before the blacklist check (steps 1 and 2 of the
  /// contract): decrypts, verifies the signature, judges iat, nbf, exp, iss, aud, sub, jti. Throws
  /// TokenError "Token is invalid" or "Token is expired".
  Claims decode(std::string_view token, Clock::time_point now) const;
  /// What follows the blacklist check (step 4): exp and jti are there, the type is the wanted one.
  void verify(const Claims& claims, std::optional<TokenType> type) const;
  /// Of a sliding token: refresh_exp is there and ahead.
  void verify_refresh_exp(const Claims& claims, Clock::time_point now) const;

  /// The claim as text, nullopt if it is absent; a number in decimal; what has no text (null, true,
  /// a list) is an empty one.
  static std::optional<std::string> text_of(const Claims& claims, std::string_view name);
  /// A time of claims that decode() let pass, its fraction cut off.
  static std::optional<std::int64_t> seconds_of(const Claims& claims, std::string_view name);
  /// Upper-case hex MD5 of an encoded password, as simplejwt's hash_password.
  static std::string password_fingerprint(std::string_view encoded_password);

  /// The public keys: {"keys":[...]}, no HMAC key ever among them.
  const std::string& jwks() const;

  /// Those of the settings and of the keys, a sentence each, to be logged once.
  const std::vector<std::string>& warnings() const { return settings_.warnings; }

 private:
  struct Keys;
  Settings settings_;
  std::unique_ptr<Keys> keys_;
  std::string jwks_;
};

}  // namespace jwt_auth
