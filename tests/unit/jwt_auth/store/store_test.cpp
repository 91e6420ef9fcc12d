#include "store/store.hpp"

#include "store/migrate.hpp"
#include "support/database.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace jwt_auth {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::at;
using test::token;
using testing::ElementsAre;

class StoreTest : public test::OnBoth {
 protected:
  void SetUp() override {
    OnBoth::SetUp();
    if (!IsSkipped()) store_ = std::make_unique<Store>(settings());
  }

  std::unique_ptr<Store> store_;
  Store::Steady::time_point now_{hours(1)};
};

TEST_P(StoreTest, FindsAUser) {
  const std::int64_t id = add_user("bob");
  for (const auto& user : {store_->user_by_name("bob"), store_->user_by_id(id)}) {
    ASSERT_TRUE(user);
    EXPECT_EQ(user->id, id);
    EXPECT_EQ(user->username, "bob");
    EXPECT_EQ(user->password, "!");
    EXPECT_TRUE(user->is_active);
  }
}

TEST_P(StoreTest, SpendsAsMuchOnUnknownNamesAsOnMostUsers) {
  EXPECT_EQ(store_->typical_password(1000, now_).substr(0, 19), "pbkdf2_sha256$1000$");
  add_user("unusable");
  EXPECT_EQ(store_->typical_password(1000, now_).substr(0, 19), "pbkdf2_sha256$1000$");
  int number = 0;
  for (const char* password :
       {"pbkdf2_sha256$600000$a$b", "argon2$argon2id$v=19$m=102400,t=2,p=8$a$b",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c$d", "scrypt$16384$a$8$1$b"}) {
    const std::string name = "user" + std::to_string(++number);
    add_user(name);
    database_->execute("UPDATE auth_user SET password = '" + std::string(password) +
                       "' WHERE username = '" + name + "'");
  }
  EXPECT_EQ(store_->typical_password(1000, now_).substr(0, 37),
            "argon2$argon2id$v=19$m=102400,t=2,p=8");
}

TEST_P(StoreTest, FollowsTheCostOfUsersHashes) {
  add_user("bob");
  const auto hash_anew = [&](const std::string& password) {
    database_->execute("UPDATE auth_user SET password = '" + password + "'");
  };
  hash_anew("pbkdf2_sha256$260000$a$b");
  EXPECT_EQ(store_->typical_password(1000, now_), "pbkdf2_sha256$260000$a$b");
  hash_anew("pbkdf2_sha256$720000$a$b");
  now_ += std::chrono::minutes(5) - milliseconds(1);
  EXPECT_EQ(store_->typical_password(1000, now_), "pbkdf2_sha256$260000$a$b") << "it asks seldom";
  now_ += milliseconds(1);
  EXPECT_EQ(store_->typical_password(1000, now_), "pbkdf2_sha256$720000$a$b");
  database_->execute("DELETE FROM auth_user");
  now_ += std::chrono::minutes(5);
  EXPECT_EQ(store_->typical_password(1000, now_), "pbkdf2_sha256$720000$a$b");
}

TEST_P(StoreTest, IgnoresHashesThatCannotBeVerified) {
  int number = 0;
  for (const char* password : {"md5$a$b", "md5$a$c", "$", "pbkdf2_sha256$4000$a$b"}) {
    const std::string name = "user" + std::to_string(++number);
    add_user(name);
    database_->execute("UPDATE auth_user SET password = '" + std::string(password) +
                       "' WHERE username = '" + name + "'");
  }
  EXPECT_EQ(store_->typical_password(1000, now_).substr(0, 19), "pbkdf2_sha256$4000$");
}

TEST_P(StoreTest, SpendsAsMuchOnUnknownClientsAsOnMost) {
  EXPECT_EQ(store_->typical_secret(now_).substr(0, 16), "pbkdf2_sha256$1$");
  database_->execute(
      "INSERT INTO jwt_auth_client VALUES ('a', 'pbkdf2_sha256$2$a$b', '', true, 0), "
      "('b', 'pbkdf2_sha256$2$c$d', '', true, 1), ('c', 'pbkdf2_sha256$1$e$f', '', true, 2)");
  EXPECT_EQ(store_->typical_secret(now_).substr(0, 16), "pbkdf2_sha256$2$");
}

TEST_P(StoreTest, KnowsWhoIsInactive) {
  const std::int64_t id = add_user("bob");
  database_->execute("UPDATE auth_user SET is_active = false");
  EXPECT_FALSE(store_->user_by_id(id)->is_active);
}

TEST_P(StoreTest, TellsUpperCaseFromLower) {
  add_user("bob");
  add_user("Bob");
  EXPECT_EQ(store_->user_by_name("Bob")->username, "Bob");
  EXPECT_FALSE(store_->user_by_name("BOB"));
}

TEST_P(StoreTest, FindsNobodyForAnInvalidName) {
  add_user("bob");
  for (const std::string_view name :
       {std::string_view(), std::string_view("bob\0", 4), std::string_view("bob\xff"),
        std::string_view("\xed\xa0\x80"), std::string_view("bob'; --")}) {
    EXPECT_FALSE(store_->user_by_name(name));
    EXPECT_FALSE(store_->is_blacklisted(name));
    EXPECT_FALSE(store_->client(name));
  }
}

TEST_P(StoreTest, FindsNobodyForAnIdBeyondTheColumn) {
  for (const std::int64_t id : {std::numeric_limits<std::int64_t>::max(),
                                std::numeric_limits<std::int64_t>::min(), std::int64_t{0}}) {
    EXPECT_FALSE(store_->user_by_id(id));
  }
}

TEST_P(StoreTest, SeesWhatOthersHaveChangedSince) {
  const std::int64_t id = add_user("bob");
  EXPECT_TRUE(store_->user_by_id(id)->is_active);
  EXPECT_TRUE(store_->user_by_name("bob"));
  database_->execute("UPDATE auth_user SET is_active = false");
  EXPECT_FALSE(store_->user_by_id(id)->is_active);
}

TEST_P(StoreTest, WritesTimesAsDjangoDoes) {
  const std::int64_t id = add_user("bob");
  store_->set_last_login(id, at());
  const auto expect = [&](const std::string& sql, const std::string& time) {
    EXPECT_EQ(database_->value(sql), time + (is_sqlite() ? "" : "+00")) << sql;
  };
  expect("SELECT last_login FROM auth_user", "2026-11-22 16:33:59.434941");
  store_->set_last_login(id, std::chrono::floor<seconds>(at()));
  expect("SELECT last_login FROM auth_user", "2026-11-22 16:33:59");
  EXPECT_TRUE(store_->blacklist(token("one", id), at(milliseconds(1))));
  expect("SELECT created_at FROM token_blacklist_outstandingtoken", "2026-11-22 16:33:59.434941");
  expect("SELECT expires_at FROM token_blacklist_outstandingtoken", "2026-11-23 16:33:59.434941");
  expect("SELECT blacklisted_at FROM token_blacklist_blacklistedtoken",
         "2026-11-22 16:33:59.435941");
}

TEST_P(StoreTest, KeepsOutstandingTokens) {
  const std::int64_t id = add_user("bob");
  store_->add_outstanding(token("one", id));
  store_->add_outstanding(token("one", id));  // as simplejwt's outstand(): it may exist
  store_->add_outstanding(token("two"));
  store_->add_outstanding(token("three", 4711));  // of a user who has been deleted since
  EXPECT_THAT(database_->column("SELECT jti FROM token_blacklist_outstandingtoken ORDER BY id"),
              ElementsAre("one", "two", "three"));
  EXPECT_THAT(database_->column("SELECT COALESCE(user_id, -1) FROM "
                                "token_blacklist_outstandingtoken ORDER BY id"),
              ElementsAre(std::to_string(id), "-1", "-1"));
  EXPECT_EQ(database_->value("SELECT token FROM token_blacklist_outstandingtoken ORDER BY id"),
            "text of one");
  EXPECT_FALSE(store_->is_blacklisted("one"));
}

TEST_P(StoreTest, BlacklistsOnce) {
  store_->add_outstanding(token("one"));
  EXPECT_TRUE(store_->blacklist(token("one"), at()));
  EXPECT_TRUE(store_->is_blacklisted("one"));
  EXPECT_FALSE(store_->blacklist(token("one"), at()));
  EXPECT_FALSE(store_->is_blacklisted("two"));
  EXPECT_TRUE(store_->blacklist(token("two"), at()));
  EXPECT_TRUE(store_->is_blacklisted("two"));
}

/// A sliding token keeps its jti: flushing at its first exp would revive it.
TEST_P(StoreTest, KeepsARevocationForAsLongAsTheLatestToken) {
  store_->add_outstanding(token("one"));
  OutstandingToken later = token("one");
  later.expires_at = at(hours(48));
  EXPECT_TRUE(store_->blacklist(later, at()));
  const std::string sql =
      "SELECT substr(CAST(expires_at AS text), 1, 10) FROM "
      "token_blacklist_outstandingtoken";
  EXPECT_EQ(database_->value(sql), "2026-11-24");
  OutstandingToken earlier = token("one");
  earlier.expires_at = at(hours(1));
  store_->blacklist(earlier, at());
  EXPECT_EQ(database_->value(sql), "2026-11-24");
}

TEST_P(StoreTest, RotatesOnce) {
  const auto first = store_->rotate(token("one"), token("two"), at(), seconds(0));
  EXPECT_TRUE(first.is_winner);
  EXPECT_TRUE(store_->is_blacklisted("one"));
  EXPECT_FALSE(store_->is_blacklisted("two"));
  const auto second = store_->rotate(token("one"), token("three"), at(), seconds(0));
  EXPECT_FALSE(second.is_winner);
  EXPECT_FALSE(second.successor);
  EXPECT_THAT(database_->column("SELECT jti FROM token_blacklist_outstandingtoken ORDER BY id"),
              ElementsAre("one", "two"));
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_rotation"), "0");
}

TEST_P(StoreTest, GivesALoserTheSuccessorWithinTheGracePeriod) {
  EXPECT_TRUE(store_->rotate(token("one"), token("two"), at(), seconds(10)).is_winner);
  const auto loser = store_->rotate(token("one"), token("three"), at(seconds(9)), seconds(10));
  EXPECT_FALSE(loser.is_winner);
  EXPECT_EQ(loser.successor, "text of two");
  EXPECT_FALSE(
      store_->rotate(token("one"), token("three"), at(seconds(10)), seconds(10)).successor);
}

TEST_P(StoreTest, GivesNoSuccessorThatWasRevoked) {
  EXPECT_TRUE(store_->rotate(token("one"), token("two"), at(), seconds(10)).is_winner);
  EXPECT_TRUE(store_->blacklist(token("two"), at()));
  EXPECT_FALSE(store_->rotate(token("one"), token("three"), at(), seconds(10)).successor);
}

TEST_P(StoreTest, GivesNoSuccessorOfATokenThatWasNotRotated) {
  EXPECT_TRUE(store_->blacklist(token("one"), at()));
  EXPECT_FALSE(store_->rotate(token("one"), token("two"), at(), seconds(10)).successor);
}

TEST_P(StoreTest, ForgetsRotationsAfterTheirGracePeriod) {
  store_->rotate(token("one"), token("two"), at(), seconds(10));
  store_->rotate(token("two"), token("three"), at(seconds(5)), seconds(10));
  store_->rotate(token("three"), token("four"), at(seconds(12)), seconds(10));
  EXPECT_THAT(database_->column("SELECT old_jti FROM jwt_auth_rotation ORDER BY old_jti"),
              ElementsAre("three", "two"));
}

TEST_P(StoreTest, FindsAClient) {
  database_->execute(
      "INSERT INTO jwt_auth_client VALUES ('billing', 'hash', 'read write', true, 0)");
  const auto client = store_->client("billing");
  ASSERT_TRUE(client);
  EXPECT_EQ(client->client_id, "billing");
  EXPECT_EQ(client->secret, "hash");
  EXPECT_EQ(client->scopes, "read write");
  EXPECT_TRUE(client->is_active);
  EXPECT_FALSE(store_->client("Billing"));
}

RUN_ON_BOTH(StoreTest);

class PostgresqlStoreTest : public StoreTest {};

TEST_P(PostgresqlStoreTest, FindsNobodyForANameOutsideTheDatabasesEncoding) {
  database_->execute(
      "CREATE DATABASE latin1 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  DatabaseSettings latin1 = settings();
  latin1.connection = test::postgres().connection_string("latin1");
  migrate(latin1, at());
  Store store(latin1);
  for (const char* name : {"\xe6\xbc\xa2", "h\xc3\xa9"}) {
    EXPECT_FALSE(store.user_by_name(name));
    EXPECT_FALSE(store.is_blacklisted(name));
    EXPECT_FALSE(store.client(name));
  }
  EXPECT_TRUE(store.blacklist(token("one"), at())) << "the connection is good";
}

INSTANTIATE_TEST_SUITE_P(Postgresql, PostgresqlStoreTest, testing::Values(test::Kind::kPostgresql));

}  // namespace
}  // namespace jwt_auth
