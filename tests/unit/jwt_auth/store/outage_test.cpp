// The database goes away and comes back, and nobody restarts the service.
#include "store/database.hpp"
#include "store/store.hpp"
#include "support/database.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace jwt_auth {
namespace {

using test::at;
using test::token;
using testing::HasSubstr;
using testing::Not;

constexpr Query kBackend{"SELECT pg_backend_pid()", "", "n"};
constexpr Query kOne{"SELECT 1 AS one", "", "n"};

class OutageTest : public test::OnBoth {
 protected:
  DatabaseSettings impatient() const {
    DatabaseSettings copy = settings();
    copy.timeout = seconds(1);
    return copy;
  }
};

TEST_P(OutageTest, StopsWaitingForALockInTime) {
  Store store(impatient());
  EXPECT_FALSE(store.is_blacklisted("one"));
  Connection other(settings(), IfAbsent::kRefuse);
  other.begin();
  if (!is_sqlite()) other.run_once("LOCK TABLE token_blacklist_outstandingtoken");
  EXPECT_THROW(store.rotate(token("one"), token("two"), at(), seconds(0)), StoreUnavailable);
  // In WAL mode readers do not wait for the writer.
  if (is_sqlite()) {
    EXPECT_FALSE(store.is_blacklisted("one"));
  }
  other.rollback();
  EXPECT_TRUE(store.rotate(token("one"), token("two"), at(), seconds(0)).is_winner);
}

TEST_P(OutageTest, RollsBackAFailedWriteCompletely) {
  Database database(settings());
  const auto insert_and_fail = [](Connection& connection) {
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('a', 's', '', true, 0)");
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('a', 'secret', '', true, 0)");
  };
  try {
    database.write("test", insert_and_fail);
    FAIL();
  } catch (const ConstraintViolation& violation) {
    EXPECT_EQ(violation.kind(), ConstraintViolation::Kind::kUnique);
    EXPECT_THAT(violation.what(), Not(HasSubstr("secret")));
  }
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_client"), "0");
  const auto throw_other = [](Connection& connection) {
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('a', 's', '', true, 0)");
    throw std::logic_error("other");
  };
  EXPECT_THROW(database.write("test", throw_other), std::logic_error);
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_client"), "0");
}

TEST_P(OutageTest, ReportsAMissingTableWithAHint) {
  database_->execute("DROP TABLE jwt_auth_client");
  Store store(settings());
  try {
    store.client("the value");
    FAIL();
  } catch (const StoreUnavailable&) {
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("jwt_auth_client"));
    EXPECT_THAT(error.what(), HasSubstr("migrate"));
    EXPECT_THAT(error.what(), Not(HasSubstr("the value")));
  }
}

TEST_P(OutageTest, FailsAtCommitOnADanglingForeignKey) {
  Database database(settings());
  EXPECT_THROW(database.write("test",
                              [](Connection& connection) {
                                connection.run_once(
                                    "INSERT INTO token_blacklist_blacklistedtoken "
                                    "(blacklisted_at, token_id) "
                                    "VALUES ('2026-01-01 00:00:00', 4711)");
                              }),
               ConstraintViolation);
  EXPECT_EQ(database_->value("SELECT count(*) FROM token_blacklist_blacklistedtoken"), "0");
  Store store(settings());
  EXPECT_TRUE(store.blacklist(token("one"), at()));
}

RUN_ON_BOTH(OutageTest);

class SqliteOutageTest : public OutageTest {};

TEST_P(SqliteOutageTest, IsSafeFromPowerCutsAndChecksForeignKeys) {
  static constexpr Query kSynchronous{"PRAGMA synchronous", "", "n"};
  static constexpr Query kForeignKeys{"PRAGMA foreign_keys", "", "n"};
  static constexpr Query kJournal{"PRAGMA journal_mode", "", "s"};
  Connection connection(settings(), IfAbsent::kRefuse);
  EXPECT_EQ((*connection.one(kSynchronous, {}))[0].number, 2);  // FULL
  EXPECT_EQ((*connection.one(kForeignKeys, {}))[0].number, 1);
  EXPECT_EQ((*connection.one(kJournal, {}))[0].text, "wal");
}

TEST_P(SqliteOutageTest, WorksOnceAMissingFileExists) {
  const std::string path = settings().connection;
  std::filesystem::rename(path, path + ".away");
  Store store(settings());
  EXPECT_THROW(store.user_by_id(1), StoreUnavailable);
  EXPECT_FALSE(std::filesystem::exists(path)) << "an empty database was made";
  std::filesystem::rename(path + ".away", path);
  EXPECT_FALSE(store.user_by_id(1));
}

TEST_P(SqliteOutageTest, WorksOnceAFileIsADatabaseAgain) {
  const std::string path = settings().connection;
  std::filesystem::rename(path, path + ".away");
  std::ofstream(path) << std::string(8192, 'x');
  Store store(settings());
  EXPECT_THROW(store.user_by_id(1), StoreUnavailable);
  std::filesystem::rename(path + ".away", path);
  EXPECT_FALSE(store.user_by_id(1));
}

TEST_P(SqliteOutageTest, AcceptsAnyCharacterInAPath) {
  const std::string path =
      std::filesystem::path(settings().connection).replace_filename("a b=c  d=e.sqlite3").string();
  std::filesystem::copy(settings().connection, path);
  DatabaseSettings odd = settings();
  odd.connection = path;
  EXPECT_FALSE(Store(odd).user_by_id(1));
}

INSTANTIATE_TEST_SUITE_P(Sqlite, SqliteOutageTest, testing::Values(test::Kind::kSqlite));

class PostgresqlOutageTest : public OutageTest {
 protected:
  void cut(std::int64_t backend) const {
    database_->execute("SELECT pg_terminate_backend(" + std::to_string(backend) + ", 5000)");
  }
  static std::int64_t backend_of(Database& database) {
    return database.read("test", [](Connection& connection) {
      return std::int64_t{(*connection.one(kBackend, {}))[0].number};
    });
  }
};

TEST_P(PostgresqlOutageTest, RepeatsAReadOnAFreshConnection) {
  Database database(settings());
  cut(backend_of(database));
  int calls = 0;
  database.read("test", [&](Connection& connection) {
    ++calls;
    return connection.one(kOne, {}) != nullptr;
  });
  EXPECT_EQ(calls, 2);
}

TEST_P(PostgresqlOutageTest, RepeatsAReadOnlyOnce) {
  Database database(settings());
  backend_of(database);
  int calls = 0;
  const auto read = [&](Connection& connection) {
    ++calls;
    cut((*connection.one(kBackend, {}))[0].number);
    return connection.one(kOne, {}) != nullptr;
  };
  EXPECT_THROW(database.read("test", read), StoreUnavailable);
  EXPECT_EQ(calls, 2);
}

TEST_P(PostgresqlOutageTest, WritesOnAFreshConnectionIfNothingHadBegun) {
  Database database(settings());
  cut(backend_of(database));
  int calls = 0;
  database.write("test", [&](Connection& connection) {
    ++calls;
    connection.one(kOne, {});
  });
  EXPECT_EQ(calls, 1);
}

TEST_P(PostgresqlOutageTest, NeverRepeatsAWrite) {
  Database database(settings());
  int calls = 0;
  const auto lose_connection_before_commit = [&](Connection& connection) {
    ++calls;
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('a', 's', '', true, 0)");
    cut((*connection.one(kBackend, {}))[0].number);
  };
  EXPECT_THROW(database.write("test", lose_connection_before_commit), StoreUnavailable);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_client"), "0");
}

TEST_P(PostgresqlOutageTest, RecoversAfterTheServerIsKilled) {
  Store store(settings());
  EXPECT_TRUE(store.blacklist(token("one"), at()));
  EXPECT_TRUE(store.is_blacklisted("one"));
  test::postgres().kill();
  EXPECT_THROW(store.is_blacklisted("one"), StoreUnavailable);
  EXPECT_THROW(store.blacklist(token("two"), at()), StoreUnavailable);
  EXPECT_THROW(store.user_by_id(1), StoreUnavailable);
  test::postgres().start();
  EXPECT_TRUE(store.is_blacklisted("one"));
  EXPECT_TRUE(store.blacklist(token("two"), at()));
}

TEST_P(PostgresqlOutageTest, RecoversAfterAnUnnoticedRestart) {
  Store store(settings());
  EXPECT_FALSE(store.is_blacklisted("one"));
  test::postgres().stop();
  test::postgres().start();
  EXPECT_TRUE(store.rotate(token("one"), token("two"), at(), seconds(0)).is_winner);
  test::postgres().stop();
  test::postgres().start();
  EXPECT_TRUE(store.is_blacklisted("one"));
}

TEST_P(PostgresqlOutageTest, SurvivesAMigrationOfTheTablesItReads) {
  const std::int64_t id = add_user("bob");
  Store store(settings());
  EXPECT_TRUE(store.user_by_id(id));
  database_->execute("ALTER TABLE auth_user ALTER COLUMN id TYPE bigint");
  database_->execute("ALTER TABLE auth_user ALTER COLUMN username TYPE text");
  EXPECT_TRUE(store.user_by_id(id));
}

TEST_P(PostgresqlOutageTest, NeverShowsThePasswordOfAConnectionString) {
  DatabaseSettings wrong = settings();
  wrong.connection = "host=/nonexistent password=s3cret user=x dbname=x";
  try {
    Store(wrong).user_by_id(1);
    FAIL();
  } catch (const StoreUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent"));
    EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
  }
  wrong.connection = "postgresql://x:s3cret@[bad/";
  try {
    Store(wrong).user_by_id(1);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
  }
}

TEST_P(PostgresqlOutageTest, AcceptsAUri) {
  DatabaseSettings uri = settings();
  const std::string name = database_->value("SELECT current_database()");
  uri.connection = "postgresql://postgres@/" + name + "?host=" + test::postgres().socket_folder();
  EXPECT_FALSE(Store(uri).user_by_id(1));
}

TEST_P(PostgresqlOutageTest, CommitsToTheDiskWhateverTheDatabasesDefault) {
  static constexpr Query kCommit{"SELECT current_setting('synchronous_commit')", "", "s"};
  const std::string name = database_->value("SELECT current_database()");
  database_->execute("ALTER DATABASE " + name + " SET synchronous_commit = off");
  Connection connection(settings(), IfAbsent::kRefuse);
  connection.begin();
  EXPECT_EQ((*connection.one(kCommit, {}))[0].text, "on");
}

INSTANTIATE_TEST_SUITE_P(Postgresql, PostgresqlOutageTest,
                         testing::Values(test::Kind::kPostgresql));

}  // namespace
}  // namespace jwt_auth
