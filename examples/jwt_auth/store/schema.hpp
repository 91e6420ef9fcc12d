// The tables as Django 3.2 to 5 and simplejwt 5.2 create them, and our own. Constants.
#pragma once

#include "settings/settings.hpp"

#include <string_view>
#include <vector>

namespace jwt_auth {

struct Table {
  std::string_view name;
  std::vector<std::string_view> statements;
};

/// One entry in Django's list of migrations (django_migrations).
struct DjangoMigration {
  std::string_view app, name;
};

/// One of our migrations; it creates those of its tables that do not exist.
struct Migration {
  std::string_view name;
  std::vector<Table> tables;
  /// The Django migrations with the same result. They are entered in Django's list only if we
  /// created all of the tables, so that a Django installed later continues from there.
  std::vector<DjangoMigration> stands_for;
};

/// In the order in which they are applied.
const std::vector<Migration>& migrations_of(DatabaseSettings::Kind kind);

/// The lists of applied migrations: ours and Django's.
const Table& own_list();
const Table& django_list(DatabaseSettings::Kind kind);

/// With Django's names for constraints and indexes, which its later migrations look for.
std::vector<Table> sqlite_auth_tables();
std::vector<Table> sqlite_token_blacklist_tables();
std::vector<Table> postgresql_auth_tables();
std::vector<Table> postgresql_token_blacklist_tables();

}  // namespace jwt_auth
