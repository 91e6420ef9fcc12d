#include "store/migrate.hpp"

#include "store/database.hpp"
#include "store/schema.hpp"
#include "store/time_text.hpp"

#include <algorithm>
#include <map>

namespace jwt_auth {
namespace {

constexpr Query kHasTableSqlite{
    "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = :name", "s", "n"};
// Looked up as statements do: along the search path.
constexpr Query kHasTablePostgresql{"SELECT 1 WHERE to_regclass(CAST(:name AS text)) IS NOT NULL",
                                    "s", "n"};

// On SQLite the transaction itself keeps others out.
constexpr Query kLockPostgresql{"SELECT 1 FROM pg_advisory_xact_lock(1785164133, 0)", "", "n"};

constexpr Query kApplied{"SELECT name, applied FROM jwt_auth_migrations", "", "sn"};
constexpr Query kRecord{"INSERT INTO jwt_auth_migrations (name, applied) VALUES (:name, :applied)",
                        "sn", ""};

constexpr Query kIsKnownToDjango{
    "SELECT 1 FROM django_migrations WHERE app = :app AND name = :name", "ss", "n"};
constexpr Query kTellDjango{
    "INSERT INTO django_migrations (app, name, applied) VALUES (:app, :name, :applied)", "sss", ""};

bool has_table(Connection& connection, std::string_view name) {
  return connection.one(connection.is_sqlite() ? kHasTableSqlite : kHasTablePostgresql, {name}) !=
         nullptr;
}

/// False: the table existed.
bool make(Connection& connection, const Table& table) {
  if (has_table(connection, table.name)) return false;
  for (const std::string_view sql : table.statements) connection.run_once(std::string(sql));
  return true;
}

void tell_django(Connection& connection, const std::vector<DjangoMigration>& migrations, Time now) {
  if (migrations.empty()) return;
  make(connection, django_list(connection.kind()));
  for (const auto& [app, name] : migrations) {
    if (connection.one(kIsKnownToDjango, {app, name}) != nullptr) continue;
    connection.run(kTellDjango, {app, name, time_text(now, connection.kind())});
  }
}

void apply(Connection& connection, const Migration& migration, Time now) {
  std::size_t made = 0;
  for (const Table& table : migration.tables) made += make(connection, table) ? 1U : 0U;
  if (made == migration.tables.size()) tell_django(connection, migration.stands_for, now);
  connection.run(kRecord, {migration.name, microseconds_of(now)});
}

std::map<std::string, Time> applied(Connection& connection) {
  std::map<std::string, Time> names;
  if (!has_table(connection, own_list().name)) return names;
  connection.each(kApplied, {}, [&names](const Row& row) {
    names.emplace(row[0].text, std::chrono::microseconds(row[1].number));
  });
  return names;
}

}  // namespace

std::vector<std::string> migrate(const DatabaseSettings& settings, Time now) {
  Database database(settings, IfAbsent::kCreate);
  return database.write("migrate", [now](Connection& connection) {
    if (!connection.is_sqlite()) connection.one(kLockPostgresql, {});
    make(connection, own_list());
    const auto done = applied(connection);
    std::vector<std::string> names;
    for (const Migration& migration : migrations_of(connection.kind())) {
      if (done.contains(std::string(migration.name))) continue;
      apply(connection, migration, now);
      names.emplace_back(migration.name);
    }
    return names;
  });
}

std::vector<MigrationState> migration_states(const DatabaseSettings& settings) {
  Database database(settings);
  return database.read("showmigrations", [](Connection& connection) {
    const auto done = applied(connection);
    std::vector<MigrationState> states;
    for (const Migration& migration : migrations_of(connection.kind())) {
      MigrationState& state = states.emplace_back();
      state.name = migration.name;
      if (const auto found = done.find(state.name); found != done.end()) {
        state.applied = found->second;
      }
    }
    return states;
  });
}

}  // namespace jwt_auth
