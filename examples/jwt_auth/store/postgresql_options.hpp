// A libpq connection string, taken apart into what is tried one after the other. Pure.
#pragma once

#include "settings/settings.hpp"

#include <map>
#include <string>
#include <vector>

namespace jwt_auth {

/// By libpq's keywords.
using PostgresqlOptions = std::map<std::string, std::string>;

/// Each has at most one host. libpq itself would try several, but keeps no time for the later ones
/// where it does not wait itself. Throws runtime_error: the string cannot be read.
std::vector<PostgresqlOptions> postgresql_attempts(const DatabaseSettings& settings);

}  // namespace jwt_auth
