#include "support/database.hpp"

#include "store/migrate.hpp"

#include <sstream>
#include <stdexcept>

#include <sqlite3.h>

namespace jwt_auth::test {

alicorn::test::Postgres& postgres() {
  static alicorn::test::Postgres server;
  return server;
}

TestDatabase::TestDatabase(Kind kind, Schema schema) {
  settings_.kind = kind;
  settings_.connection =
      kind == Kind::kSqlite ? folder_ / "db.sqlite3" : postgres().create_database();
  if (schema == Schema::kMigrated) migrate(settings_, at());
}

std::vector<std::string> TestDatabase::column(const std::string& sql) const {
  std::vector<std::string> values;
  if (settings_.kind == Kind::kPostgresql) {
    const std::string name = settings_.connection.substr(settings_.connection.rfind('=') + 1);
    std::istringstream lines(postgres().query(name, sql));
    for (std::string line; std::getline(lines, line);) values.push_back(line);
    return values;
  }
  sqlite3* sqlite = nullptr;
  sqlite3_open(settings_.connection.c_str(), &sqlite);
  sqlite3_busy_timeout(sqlite, 10'000);
  const auto take = [](void* out, int, char** row, char**) {
    static_cast<std::vector<std::string>*>(out)->emplace_back(row[0] != nullptr ? row[0] : "");
    return 0;
  };
  const int code = sqlite3_exec(sqlite, sql.c_str(), take, &values, nullptr);
  const std::string message = sqlite3_errmsg(sqlite);
  sqlite3_close(sqlite);
  if (code != SQLITE_OK) throw std::runtime_error(sql + ": " + message);
  return values;
}

Time at(std::chrono::microseconds later) {
  constexpr std::chrono::microseconds kSinceEpoch{1'795'365'239'434'941};
  return Time(kSinceEpoch + later);
}

OutstandingToken token(const std::string& jti, std::optional<std::int64_t> user) {
  return {jti, "text of " + jti, user, at(), at(std::chrono::hours(24))};
}

void OnBoth::SetUp() {
  if (GetParam() == Kind::kPostgresql) {
    if (const std::string why = alicorn::test::Postgres::why_not(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
  database_ = std::make_unique<TestDatabase>(GetParam(), TestDatabase::Schema::kMigrated);
}

std::int64_t OnBoth::add_user(const std::string& username) const {
  database_->execute(
      "INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, "
      "is_staff, is_active, date_joined) VALUES ('" +
      username + "', '!', false, '', '', '', false, true, '2026-01-02 03:04:05')");
  return std::stoll(
      database_->value("SELECT id FROM auth_user WHERE username = '" + username + "'"));
}

}  // namespace jwt_auth::test
