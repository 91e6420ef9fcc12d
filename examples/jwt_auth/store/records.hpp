// The rows that the service works with, as in Django's auth and simplejwt's token_blacklist.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace jwt_auth {

/// UTC; stored with microseconds.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

/// The database does not answer, or not in time; the request may be repeated. The text is for the
/// log and contains no value of a row.
class StoreUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A row of auth_user.
struct User {
  std::int64_t id = 0;
  std::string username;
  std::string password;  ///< encoded: "pbkdf2_sha256$..."
  bool is_active = false;
};

/// A row of token_blacklist_outstandingtoken.
struct OutstandingToken {
  std::string jti;
  std::string token;  ///< the whole token, as simplejwt keeps it
  std::optional<std::int64_t> user_id;
  Time created_at, expires_at;
};

/// A client of the client-credentials grant (jwt_auth_client).
struct Client {
  std::string client_id;
  std::string secret;  ///< encoded like a password
  std::string scopes;  ///< those the client may ask for, separated by spaces
  bool is_active = false;
};

}  // namespace jwt_auth
