// A migrated database for one test, on SQLite or on PostgreSQL. In tests.
#pragma once

#include "settings/settings.hpp"
#include "store/records.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace jwt_auth::test {

using Kind = DatabaseSettings::Kind;

/// One server for all tests in the process.
alicorn::test::Postgres& postgres();

class TestDatabase {
 public:
  enum class Schema { kEmpty, kMigrated };
  TestDatabase(Kind kind, Schema schema);

  const DatabaseSettings& settings() const { return settings_; }
  /// All rows of one column, each value as printed by the engine's own tool.
  std::vector<std::string> column(const std::string& sql) const;
  std::string value(const std::string& sql) const { return column(sql).at(0); }
  void execute(const std::string& sql) const { static_cast<void>(column(sql)); }

 private:
  alicorn::test::TemporaryFolder folder_;
  DatabaseSettings settings_;
};

/// 2026-11-22 16:33:59.434941, plus `later`.
Time at(std::chrono::microseconds later = std::chrono::microseconds(0));

OutstandingToken token(const std::string& jti, std::optional<std::int64_t> user = std::nullopt);

/// For tests that run on both engines.
class OnBoth : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;

  bool is_sqlite() const { return GetParam() == Kind::kSqlite; }
  const DatabaseSettings& settings() const { return database_->settings(); }
  /// Adds a user whose password hash is "!". Returns the id.
  std::int64_t add_user(const std::string& username) const;

  std::unique_ptr<TestDatabase> database_;
};

}  // namespace jwt_auth::test

/// The suite's name gets the prefixes "Sqlite/" and "Postgresql/".
#define RUN_ON_BOTH(Suite)                                                                 \
  INSTANTIATE_TEST_SUITE_P(Sqlite, Suite, testing::Values(jwt_auth::test::Kind::kSqlite)); \
  INSTANTIATE_TEST_SUITE_P(Postgresql, Suite, testing::Values(jwt_auth::test::Kind::kPostgresql))
