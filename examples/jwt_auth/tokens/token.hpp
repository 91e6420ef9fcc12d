// Makes and judges tokens as simplejwt does: the claims, their order, the checks and the messages.
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

/// The same as simplejwt's TokenError: "Token is expired".
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
  /// Reads the keys. Throws SettingsError: an unreadable file, a key too short for its algorithm, a
  /// missing private key, or a repeated kid.
  explicit TokenService(const Settings& settings);
  ~TokenService();
  TokenService(const TokenService&) = delete;
  TokenService& operator=(const TokenService&) = delete;

  /// Fresh claims in simplejwt's order: token_type, exp, iat, jti[, refresh_exp], user_id [,
  /// hash_password]. `lifetime`: overrides that of the settings.
  Claims make(TokenType type, Clock::time_point now,
              std::optional<seconds> lifetime = std::nullopt) const;
  /// Adds user_id (a string) and, with check_revoke_token, the password's fingerprint.
  void add_user(Claims& claims, std::string_view user_id, std::string_view encoded_password) const;
  /// The access token for a refresh token: fresh token_type, exp, iat and jti, then the rest of the
  /// claims in their order. `now`: for a pair issued together, the refresh token's iat.
  Claims access_from_refresh(const Claims& refresh, Clock::time_point now) const;
  /// The same claims with a new jti, exp and iat, in their places.
  Claims rotated(const Claims& refresh, Clock::time_point now) const;
  /// For a sliding token: new exp and iat, the same jti and refresh_exp.
  Claims slid(const Claims& sliding, Clock::time_point now) const;

  /// Appends aud and iss, signs, and encrypts if the settings say so.
  std::string encode(const Claims& claims) const;

  /// What simplejwt's Token.__init__ does before the blacklist check (steps 1 and 2 of the
  /// contract): decrypts, verifies the signature, and judges iat, nbf, exp, iss, aud, sub and jti.
  /// Throws TokenError "Token is invalid" or "Token is expired".
  Claims decode(std::string_view token, Clock::time_point now) const;
  /// The checks after the blacklist (step 4): exp and jti are present, the type is `type`.
  void verify(const Claims& claims, std::optional<TokenType> type) const;
  /// For a sliding token: refresh_exp is present and in the future.
  void verify_refresh_exp(const Claims& claims, Clock::time_point now) const;

  /// The claim as text, nullopt if it is absent. A number becomes decimal; a value that has no text
  /// (null, true, a list) becomes an empty text.
  static std::optional<std::string> text_of(const Claims& claims, std::string_view name);
  /// A time in claims that decode() accepted, without its fraction.
  static std::optional<std::int64_t> seconds_of(const Claims& claims, std::string_view name);
  /// Upper-case hex MD5 of an encoded password, as simplejwt's hash_password.
  static std::string password_fingerprint(std::string_view encoded_password);

  /// The public keys: {"keys":[...]}. It never contains an HMAC key.
  const std::string& jwks() const;

  /// Warnings about settings and keys, a sentence each, to be logged once.
  const std::vector<std::string>& warnings() const { return settings_.warnings; }

 private:
  struct Keys;
  Settings settings_;
  std::unique_ptr<Keys> keys_;
  std::string jwks_;
};

}  // namespace jwt_auth
