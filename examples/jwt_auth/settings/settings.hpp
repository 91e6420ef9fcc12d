// The service's settings: simplejwt's under their names in lower case, and our own. Read once per
// process, in the worker and in jwt_auth_admin; read-only afterwards, on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

using std::chrono::seconds;

/// One message for everything wrong, a line each: "app.leeway: \"ten\" is not a duration (...)".
class SettingsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `count` events in any `period`; count 0: unlimited.
struct Rate {
  std::uint32_t count = 0;
  seconds period{0};
};

/// Where a key comes from: a secret, a file, or a variable of the environment.
struct KeySource {
  std::string secret;         ///< the bytes of an HMAC key, as they are
  std::string file;           ///< PEM or JWK, distinguished by the first byte
  std::string kid;            ///< empty: a JWK's own kid, if any
  std::string algorithm;      ///< empty: a JWK's own "alg", otherwise the signing key's
  std::string environment{};  ///< a variable that holds PEM, a JWK or the secret

  bool is_missing() const { return secret.empty() && file.empty() && environment.empty(); }
};

struct DatabaseSettings {
  enum class Kind { kSqlite, kPostgresql } kind = Kind::kSqlite;
  std::string connection;  ///< SQLite: the file; PostgreSQL: a libpq connection string or URI
  /// The time that a request has for everything it asks of the database, connecting included; that
  /// an administrator has for each statement; and that SQLite waits for a lock.
  seconds timeout{5};
};

struct Settings {
  // Tokens: simplejwt's.
  seconds access_token_lifetime{300}, refresh_token_lifetime{86400};
  seconds sliding_token_lifetime{300}, sliding_token_refresh_lifetime{86400};
  bool rotate_refresh_tokens = false, blacklist_after_rotation = false;
  bool update_last_login = false;
  std::string algorithm = "HS256";
  std::vector<std::string> audience;  ///< several become a list in the token
  std::string issuer;                 ///< empty: none
  seconds leeway{0};
  std::vector<std::string> auth_header_types{"Bearer"};
  std::string auth_header_name = "authorization";  ///< a field name, in lower case
  std::string user_id_field = "id";                ///< "id" or "username"
  std::string user_id_claim = "user_id";
  std::optional<std::string> token_type_claim = "token_type", jti_claim = "jti";  ///< nullopt: off
  std::string sliding_token_refresh_exp_claim = "refresh_exp";
  bool check_revoke_token = false;
  std::string revoke_token_claim = "hash_password";
  bool check_user_is_active = true;
  /// The token types that a protected page accepts: "access", "sliding".
  std::vector<std::string> auth_token_classes{"access"};
  bool stateless = false;  ///< JWTStatelessUserAuthentication: pages do not ask the database

  // Ours.
  std::string path_prefix = "/api/token/";  ///< of the token endpoints
  bool token_blacklist = true;              ///< simplejwt's token_blacklist app is installed
  seconds rotation_grace{0};  ///< a repeated refresh within it gets the same successor
  KeySource signing_key;
  std::vector<KeySource> verifying_keys;  ///< besides the signing key itself
  bool encrypt = false;
  /// An RSA key (RSA-OAEP-256) or a 256-bit secret (dir): a JWK, or a text of 64 hexadecimal
  /// digits, 43 base64url characters, or the 32 bytes themselves.
  KeySource encryption_key;
  std::vector<KeySource> decryption_keys;  ///< besides the encryption key itself
  DatabaseSettings database;
  Rate login_rate;                             ///< failed logins per name, and per network
  seconds client_token_lifetime{3600};         ///< for the client-credentials grant
  std::uint32_t password_iterations = 600000;  ///< PBKDF2, for passwords that we set

  /// What is allowed but probably not intended, a sentence each, to be logged once.
  std::vector<std::string> warnings;
};

/// The flattened `app:` section, as the server provides it: "database.url",
/// "verifying_keys.0.file".
using SettingsMap = std::map<std::string, std::string, std::less<>>;

/// Throws SettingsError. Relative paths start in the working directory.
Settings read_settings(const SettingsMap& map);

}  // namespace jwt_auth
