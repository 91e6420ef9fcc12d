#include "admin/database_commands.hpp"

#include "admin/failure.hpp"
#include "store/accounts.hpp"
#include "store/migrate.hpp"

#include <filesystem>
#include <iostream>

#include <unistd.h>

namespace jwt_auth::admin {

void migrate_database(Tool& tool) {
  const DatabaseSettings& database = tool.settings().database;
  std::cout << tool.database_name() << '\n';
  const bool is_new_file = database.kind == DatabaseSettings::Kind::kSqlite &&
                           !std::filesystem::exists(database.connection);
  const auto names = migrate(database, stored_now());
  for (const std::string& name : names) std::cout << "  applied " << name << '\n';
  if (names.empty()) std::cout << "  nothing to do\n";
  if (!is_new_file || ::geteuid() != 0) return;
  // Root made it, and the workers could not even read it.
  const Owner owner = tool.owner_of_files(tool.config().path);
  if (::chown(database.connection.c_str(), owner.user, owner.group) != 0) {
    throw Failure("the file cannot be given to the workers' user");
  }
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
      Accounts(settings.database).flush_expired(stored_now(), margin, settings.login_rate.period);
  std::cout << "deleted " << flushed.tokens << " expired tokens, " << flushed.rotations
            << " rotations, " << flushed.attempts << " rows of login attempts\n";
}

}  // namespace jwt_auth::admin
