// Makes the tables that are not there, and says which migrations were applied. In jwt_auth_admin
// and tests.
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

/// In one transaction; two at the same time wait for each other. Returns the names of what was
/// done now. Throws what Database does.
std::vector<std::string> migrate(const DatabaseSettings& settings, Time now);

/// All that there are, in order.
std::vector<MigrationState> migration_states(const DatabaseSettings& settings);

}  // namespace jwt_auth
