// A libpq connection string, and what libpq adds to it of the environment and of a service's file,
// taken apart into what is tried one after the other.
#pragma once

#include "settings/settings.hpp"

#include <map>
#include <string>
#include <vector>

namespace jwt_auth {

/// By libpq's keywords.
using PostgresqlOptions = std::map<std::string, std::string>;

/// As PQconnectStartParams takes them; the options must live as long.
class LibpqArguments {
 public:
  explicit LibpqArguments(const PostgresqlOptions& options);
  const char* const* keywords() const { return keywords_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  std::vector<const char*> keywords_, values_;
};

/// Of the one host; empty: it is a socket or an address, or an address stands beside it.
std::string name_to_look_up(const PostgresqlOptions& options);

/// Each has at most one host. libpq itself would try several, but keeps no time for the later ones
/// where it does not wait itself. Throws runtime_error: the string cannot be read.
std::vector<PostgresqlOptions> postgresql_attempts(const DatabaseSettings& settings);

}  // namespace jwt_auth
