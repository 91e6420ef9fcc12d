// The tables, as Django 3.2 to 5 and simplejwt 5.2 make them, and our own. Constants.
#pragma once

#include "settings/settings.hpp"

#include <string_view>
#include <vector>

namespace jwt_auth {

struct Table {
  std::string_view name;
  std::vector<std::string_view> statements;
};

/// One entry of Django's own list of migrations (django_migrations).
struct DjangoMigration {
  std::string_view app, name;
};

/// A migration of ours makes those of its tables that are not there.
struct Migration {
  std::string_view name;
  std::vector<Table> tables;
  /// What Django would have done to make the same. Recorded in its list where all of the tables are
  /// our work, so that a Django installed later goes on from there.
  std::vector<DjangoMigration> stands_for;
};

/// In the order in which they are applied.
const std::vector<Migration>& migrations_of(DatabaseSettings::Kind kind);

/// The lists of what was applied: ours and Django's.
const Table& own_list();
const Table& django_list(DatabaseSettings::Kind kind);

/// With their names of constraints and indexes, which Django's later migrations look for.
std::vector<Table> sqlite_auth_tables();
std::vector<Table> sqlite_token_blacklist_tables();
std::vector<Table> postgresql_auth_tables();
std::vector<Table> postgresql_token_blacklist_tables();

}  // namespace jwt_auth
