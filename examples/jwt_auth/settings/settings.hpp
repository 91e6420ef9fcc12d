// What the service can be told: simplejwt's settings under their names in lower case, and our own.
// Read once per process, in the worker and in jwt_auth_admin; read-only afterwards, on any thread.
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

/// One message for all that is wrong, a line each: "app.leeway: \"ten\" is no duration (...)".
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
  std::string file;           ///< PEM or JWK, told apart by its first byte
  std::string kid;            ///< of a JWK file: its own, where this is empty
  std::string algorithm;      ///< empty: of a JWK its own "alg", otherwise that of the signing key
  std::string environment{};  ///< the variable's name; PEM, JWK or the secret

  bool is_missing() const { return secret.empty() && file.empty() && environment.empty(); }
};

struct DatabaseSettings {
  enum class Kind { kSqlite, kPostgresql } kind = Kind::kSqlite;
  std::string connection;  ///< SQLite: the file; PostgreSQL: a libpq connection string or URI
  /// Of a request for all that it asks at once, its connection included; of an administrator for
  /// each statement; of SQLite for a lock.
  seconds timeout{5};
};

struct Settings {
  // Tokens: simplejwt's.
  seconds access_token_lifetime{300}, refresh_token_lifetime{86400};
  seconds sliding_token_lifetime{300}, sliding_token_refresh_lifetime{86400};
  bool rotate_refresh_tokens = false, blacklist_after_rotation = false;
  bool update_last_login = false;
  std::string algorithm = "HS256";
  std::vector<std::string> audience;  ///< a list in the token where there are several
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
  /// Which types of token a protected page takes: "access", "sliding".
  std::vector<std::string> auth_token_classes{"access"};
  bool stateless = false;  ///< JWTStatelessUserAuthentication: protected pages ask no database

  // Ours.
  std::string path_prefix = "/api/token/";  ///< of the token endpoints
  bool token_blacklist = true;              ///< simplejwt's token_blacklist app is installed
  seconds rotation_grace{0};  ///< a duplicate refresh within it gets the same successor
  KeySource signing_key;
  std::vector<KeySource> verifying_keys;  ///< beside the signing key's own
  bool encrypt = false;
  /// An RSA key (RSA-OAEP-256) or a 256-bit secret (dir): a JWK, or a text of 64 hexadecimal
  /// digits, of 43 characters of base64url, or of the 32 bytes themselves.
  KeySource encryption_key;
  std::vector<KeySource> decryption_keys;  ///< beside the encryption key's own
  DatabaseSettings database;
  Rate login_rate;                             ///< failed logins of a name, and of a network
  seconds client_token_lifetime{3600};         ///< of the client-credentials grant
  std::uint32_t password_iterations = 600000;  ///< PBKDF2, for passwords that we set

  /// What is allowed and yet hardly meant, a sentence each: to be logged once.
  std::vector<std::string> warnings;
};

/// The flattened `app:` section, as the server gives it: "database.url", "verifying_keys.0.file".
using SettingsMap = std::map<std::string, std::string, std::less<>>;

/// Throws SettingsError. Relative paths start from the working directory.
Settings read_settings(const SettingsMap& map);

}  // namespace jwt_auth
