// A libpq connection string, completed from the environment and a service file as libpq does, and
// split into the connection attempts to make in turn.
#pragma once

#include "settings/settings.hpp"

#include <map>
#include <string>
#include <vector>

namespace jwt_auth {

/// Keyed by libpq's keywords.
using PostgresqlOptions = std::map<std::string, std::string>;

/// In the form that PQconnectStartParams takes; the options must outlive this object.
class LibpqArguments {
 public:
  explicit LibpqArguments(const PostgresqlOptions& options);
  const char* const* keywords() const { return keywords_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  std::vector<const char*> keywords_, values_;
};

/// The name of the one host; empty: the host is a socket or an address, or hostaddr is given.
std::string name_to_look_up(const PostgresqlOptions& options);

/// Each attempt has at most one host. libpq itself would try several, but in non-blocking use it
/// keeps no time for the later ones. Throws runtime_error if the string cannot be parsed.
std::vector<PostgresqlOptions> postgresql_attempts(const DatabaseSettings& settings);

}  // namespace jwt_auth
