#include "admin/database_commands.hpp"

#include "store/accounts.hpp"
#include "store/migrate.hpp"

#include <iostream>

namespace jwt_auth::admin {

void migrate_database(Tool& tool) {
  const DatabaseSettings& database = tool.settings().database;
  std::cout << tool.database_name() << '\n';
  const auto names = migrate(database, stored_now());
  for (const std::string& name : names) std::cout << "  applied " << name << '\n';
  if (names.empty()) std::cout << "  nothing to do\n";
}

void show_migrations(Tool& tool) {
  std::cout << tool.database_name() << '\n';
  for (const MigrationState& state : migration_states(tool.settings().database)) {
    std::cout << (state.applied ? " [X] " : " [ ] ") << state.name;
    if (state.applied) std::cout << "  " << utc_text(*state.applied);
    std::cout << '\n';
  }
}

void flush_expired_tokens(Tool& tool) {
  const Settings& settings = tool.settings();
  const seconds margin = settings.leeway + settings.sliding_token_lifetime;
  const auto flushed =
      Accounts(settings.database).flush_expired(stored_now(), margin, settings.login_rate);
  std::cout << "deleted " << flushed.tokens << " expired tokens, " << flushed.rotations
            << " rotations, " << flushed.attempts << " rows of login attempts\n";
}

}  // namespace jwt_auth::admin
