// An administrator's operations on users, clients and tokens. In jwt_auth_admin and tests; for one
// thread.
#pragma once

#include "settings/settings.hpp"
#include "store/records.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

class Database;

class Accounts {
 public:
  explicit Accounts(const DatabaseSettings& settings);
  ~Accounts();
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  // Every call throws StoreUnavailable. False or nullopt: there is nobody with that name; for the
  // functions that create: the name is taken.

  struct NewUser {
    std::string username;
    std::string password;  ///< encoded
    std::string email;
    bool is_staff = false, is_superuser = false;
  };
  /// Returns the id.
  std::optional<std::int64_t> create_user(const NewUser& user, Time now);
  bool set_password(std::string_view username, std::string_view encoded);
  bool set_active(std::string_view username, bool is_active);

  bool create_client(const Client& client, Time now);
  bool set_client_active(std::string_view client_id, bool is_active);

  /// Blacklists the user's outstanding tokens and returns their number. Access tokens stay valid
  /// until they expire.
  std::optional<std::int64_t> revoke_all(std::string_view username, Time now);

  struct Flushed {
    std::int64_t tokens = 0, rotations = 0, attempts = 0;
  };
  /// Deletes rows that are no longer needed. `margin`: how long a token may be valid after the time
  /// in its row (the leeway and a sliding token's lifetime); deleting its revocation earlier would
  /// revive the token. Attempts stay for as long as the service counts them at `login_rate`.
  Flushed flush_expired(Time now, seconds margin, Rate login_rate);

 private:
  std::unique_ptr<Database> database_;
};

}  // namespace jwt_auth
