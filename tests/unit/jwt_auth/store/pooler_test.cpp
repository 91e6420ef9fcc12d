// PgBouncer between us and PostgreSQL. In transaction and statement mode each transaction may run
// in another session of the server, and another application's statements follow ours there.
#include "store/database.hpp"
#include "store/migrate.hpp"
#include "store/store.hpp"
#include "support/database.hpp"
#include "tests/support/pgbouncer.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace jwt_auth {
namespace {

using alicorn::test::PgBouncer;
using test::at;
using test::token;
using testing::HasSubstr;

constexpr int kThreads = 4;

struct Pool {
  const char* mode;
  int size;
};

class PoolerTest : public testing::TestWithParam<Pool> {
 protected:
  void SetUp() override {
    if (const std::string why = PgBouncer::why_not(); !why.empty()) GTEST_SKIP() << why;
    database_ = std::make_unique<test::TestDatabase>(test::Kind::kPostgresql,
                                                     test::TestDatabase::Schema::kMigrated);
    name_ = database_->value("SELECT current_database()");
    pooler_ = std::make_unique<PgBouncer>(test::postgres(), GetParam().mode, GetParam().size);
    settings_ = database_->settings();
    settings_.connection = pooler_->connection_string(name_);
  }

  bool has_transactions() const { return std::string_view(GetParam().mode) != "statement"; }
  const DatabaseSettings& direct() const { return database_->settings(); }

  std::unique_ptr<test::TestDatabase> database_;
  std::string name_;
  std::unique_ptr<PgBouncer> pooler_;
  DatabaseSettings settings_;
};

TEST_P(PoolerTest, AnswersOnlyWhatWasAsked) {
  database_->execute(
      "INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, "
      "is_staff, is_active, date_joined) VALUES ('bob', '!', false, '', '', '', false, true, "
      "'2026-01-02 03:04:05')");
  Store(direct()).blacklist(token("revoked"), at());
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Store store(settings_);
      // Each thread starts with another statement, so that the same number never means the same
      // one.
      for (int round = i; round < 60; ++round) {
        if (round % 3 == 0) {
          EXPECT_TRUE(store.is_blacklisted("revoked"));
        } else if (round % 3 == 1) {
          EXPECT_TRUE(store.user_by_name("bob"));
        } else {
          EXPECT_FALSE(store.client("nobody"));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(PoolerTest, WritesIfTheModeHasTransactions) {
  Store store(settings_);
  if (has_transactions()) {
    EXPECT_TRUE(store.rotate(token("one"), token("two"), at(), seconds(10)).is_winner);
    EXPECT_FALSE(store.rotate(token("one"), token("three"), at(), seconds(10)).is_winner);
    EXPECT_FALSE(
        store.reserve_attempt({{"10.0.0.1"}, "user bob"}, {5, seconds(60)}, [] { return at(); }));
    return;
  }
  try {
    store.blacklist(token("one"), at());
    FAIL();
  } catch (const StoreUnavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("pool_mode"));
  }
  EXPECT_FALSE(store.is_blacklisted("one"));
}

TEST_P(PoolerTest, LeavesNothingInASession) {
  const std::string look =
      "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), "
      "current_setting('idle_in_transaction_session_timeout'), "
      "current_setting('synchronous_commit'), (SELECT count(*) FROM pg_prepared_statements)";
  database_->execute("ALTER DATABASE " + name_ + " SET synchronous_commit = off");
  {
    Store store(settings_);
    EXPECT_FALSE(store.is_blacklisted("one"));
    if (has_transactions()) {
      EXPECT_TRUE(store.blacklist(token("one"), at()));
      Database database(settings_);
      const auto fail = [](Connection&) { throw std::logic_error("rolled back"); };
      EXPECT_THROW(database.write("test", fail), std::logic_error);
    }
  }
  for (int i = 0; i < GetParam().size; ++i) EXPECT_EQ(pooler_->query(name_, look), "0|0|0|off|0\n");
}

TEST_P(PoolerTest, LetsOnlyOneMigrationRunAtATime) {
  if (!has_transactions()) GTEST_SKIP() << "a migration is a transaction";
  const test::TestDatabase empty(test::Kind::kPostgresql, test::TestDatabase::Schema::kEmpty);
  DatabaseSettings pooled = settings_;
  pooled.connection = pooler_->connection_string(empty.value("SELECT current_database()"));
  std::atomic<std::size_t> applied{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] { applied += migrate(pooled, at()).size(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, 5U);
}

// In session mode each of our connections has a session of its own.
INSTANTIATE_TEST_SUITE_P(Postgresql, PoolerTest,
                         testing::Values(Pool{"session", kThreads}, Pool{"transaction", 1},
                                         Pool{"transaction", 2}, Pool{"statement", 2}),
                         [](const testing::TestParamInfo<Pool>& pool) {
                           return pool.param.mode + std::to_string(pool.param.size);
                         });

}  // namespace
}  // namespace jwt_auth
