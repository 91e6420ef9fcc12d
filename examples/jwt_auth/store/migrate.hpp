// Creates the missing tables, and says which migrations are applied. In jwt_auth_admin and tests.
#pragma once

#include "settings/settings.hpp"
#include "store/records.hpp"

#include <optional>
#include <string>
#include <vector>

namespace jwt_auth {

struct MigrationState {
  std::string name;
  std::optional<Time> applied;
};

/// Works in one transaction; concurrent calls wait for each other. Returns the names of the
/// migrations applied now. Throws the same as Database.
std::vector<std::string> migrate(const DatabaseSettings& settings, Time now);

/// All migrations, in order.
std::vector<MigrationState> migration_states(const DatabaseSettings& settings);

}  // namespace jwt_auth
