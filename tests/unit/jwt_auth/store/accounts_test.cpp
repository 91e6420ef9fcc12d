#include "store/accounts.hpp"

#include "store/store.hpp"
#include "support/database.hpp"

#include <gmock/gmock.h>

#include <libpq-fe.h>

namespace jwt_auth {
namespace {

using std::chrono::hours;
using test::at;
using test::token;

constexpr Rate kThreeAMinute{3, seconds(60)};

class AccountsTest : public test::OnBoth {
 protected:
  void SetUp() override {
    OnBoth::SetUp();
    if (IsSkipped()) return;
    store_ = std::make_unique<Store>(settings());
    accounts_ = std::make_unique<Accounts>(settings());
  }

  std::unique_ptr<Store> store_;
  std::unique_ptr<Accounts> accounts_;
};

TEST_P(AccountsTest, CreatesAUserAsDjangoDoes) {
  const auto id = accounts_->create_user({"bob", "hash", "bob@example.org"}, at());
  ASSERT_TRUE(id);
  EXPECT_EQ(store_->user_by_id(*id)->username, "bob");
  EXPECT_EQ(store_->user_by_id(*id)->password, "hash");
  EXPECT_TRUE(store_->user_by_id(*id)->is_active);
  const auto value = [&](const std::string& column) {
    return database_->value("SELECT " + column + " FROM auth_user");
  };
  EXPECT_EQ(value("email"), "bob@example.org");
  EXPECT_EQ(value("first_name || last_name"), "");
  EXPECT_EQ(value("COALESCE(CAST(last_login AS text), 'none')"), "none");
  const std::string no = is_sqlite() ? "0" : "f";
  EXPECT_EQ(value("is_staff"), no);
  EXPECT_EQ(value("is_superuser"), no);
  EXPECT_EQ(value("date_joined"),
            is_sqlite() ? "2026-11-22 16:33:59.434941" : "2026-11-22 16:33:59.434941+00");
  EXPECT_FALSE(accounts_->create_user({"bob", "other", ""}, at()));
  EXPECT_EQ(store_->user_by_id(*id)->password, "hash");
}

TEST_P(AccountsTest, CreatesASuperuser) {
  ASSERT_TRUE(accounts_->create_user({"root", "hash", "", true, true}, at()));
  const std::string yes = is_sqlite() ? "1" : "t";
  EXPECT_EQ(database_->value("SELECT is_staff FROM auth_user"), yes);
  EXPECT_EQ(database_->value("SELECT is_superuser FROM auth_user"), yes);
}

TEST_P(AccountsTest, ChangesPasswordAndActivity) {
  accounts_->create_user({"bob", "hash", ""}, at());
  EXPECT_TRUE(accounts_->set_password("bob", "other"));
  EXPECT_EQ(store_->user_by_name("bob")->password, "other");
  EXPECT_TRUE(accounts_->set_active("bob", false));
  EXPECT_FALSE(store_->user_by_name("bob")->is_active);
  EXPECT_TRUE(accounts_->set_active("bob", true));
  EXPECT_TRUE(store_->user_by_name("bob")->is_active);
  EXPECT_FALSE(accounts_->set_password("Bob", "other"));
  EXPECT_FALSE(accounts_->set_active("Bob", true));
}

TEST_P(AccountsTest, CreatesAClient) {
  EXPECT_TRUE(accounts_->create_client({"billing", "hash", "read write", true}, at()));
  EXPECT_FALSE(accounts_->create_client({"billing", "other", "", true}, at()));
  EXPECT_EQ(store_->client("billing")->secret, "hash");
  EXPECT_EQ(store_->client("billing")->scopes, "read write");
  EXPECT_TRUE(store_->client("billing")->is_active);
  EXPECT_TRUE(accounts_->set_client_active("billing", false));
  EXPECT_FALSE(store_->client("billing")->is_active);
  EXPECT_FALSE(accounts_->set_client_active("shipping", false));
}

TEST_P(AccountsTest, RevokesAllTokensOfOneUser) {
  const std::int64_t bob = add_user("bob");
  const std::int64_t eve = add_user("eve");
  store_->add_outstanding(token("one", bob));
  store_->add_outstanding(token("two", bob));
  store_->add_outstanding(token("other", eve));
  store_->blacklist(token("three", bob), at());
  OutstandingToken expired = token("sliding", bob);
  expired.expires_at = at(-hours(1));
  store_->add_outstanding(expired);
  EXPECT_EQ(accounts_->revoke_all("bob", at()), 3);
  for (const char* jti : {"one", "two", "three", "sliding"}) {
    EXPECT_TRUE(store_->is_blacklisted(jti)) << jti;
  }
  EXPECT_FALSE(store_->is_blacklisted("other"));
  EXPECT_EQ(accounts_->revoke_all("bob", at()), 0);
  EXPECT_EQ(accounts_->revoke_all("nobody", at()), std::nullopt);
}

TEST_P(AccountsTest, RevokesMoreThanOneTransactionHolds) {
  const std::int64_t bob = add_user("bob");
  const std::string time = is_sqlite() ? "'2026-01-01 00:00:00'" : "timestamptz '2026-01-01'";
  database_->execute(
      "INSERT INTO token_blacklist_outstandingtoken (jti, token, user_id, expires_at) "
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203) "
      "SELECT CAST(i AS text), '', " +
      std::to_string(bob) + ", " + time + " FROM n");
  store_->blacklist(token("600"), at());
  EXPECT_EQ(accounts_->revoke_all("bob", at(seconds(1))), 1202);
  EXPECT_THAT(database_->column("SELECT count(*) FROM token_blacklist_blacklistedtoken GROUP BY "
                                "blacklisted_at ORDER BY blacklisted_at"),
              testing::ElementsAre("1", "1202"));
}

TEST_P(AccountsTest, RevokesASuccessorWithinItsGracePeriod) {
  const std::int64_t bob = add_user("bob");
  EXPECT_TRUE(store_->rotate(token("one", bob), token("two", bob), at(), seconds(60)).is_winner);
  accounts_->revoke_all("bob", at());
  EXPECT_FALSE(store_->rotate(token("one", bob), token("x", bob), at(), seconds(60)).successor);
}

TEST_P(AccountsTest, FlushesRowsThatAreNoLongerNeeded) {
  store_->blacklist(token("old"), at());
  store_->add_outstanding(token("old too"));
  OutstandingToken later = token("later");
  later.expires_at = at(hours(25));
  store_->blacklist(later, at());
  store_->rotate(token("a"), token("b"), at(), seconds(10));
  store_->reserve_attempt({{"here"}, "bob"}, kThreeAMinute, [] { return at(); });
  const auto flushed = accounts_->flush_expired(at(hours(24)), seconds(0), kThreeAMinute);
  EXPECT_EQ(flushed.tokens, 4);
  EXPECT_EQ(flushed.rotations, 1);
  EXPECT_EQ(flushed.attempts, 3);
  EXPECT_TRUE(store_->is_blacklisted("later"));
  EXPECT_EQ(database_->value("SELECT count(*) FROM token_blacklist_outstandingtoken"), "1");
  EXPECT_EQ(database_->value("SELECT count(*) FROM token_blacklist_blacklistedtoken"), "1");
}

TEST_P(AccountsTest, KeepsAttemptsThatTheServiceStillCounts) {
  const Rate rate{1, seconds(1)};
  store_->reserve_attempt({{"there"}, "bob"}, rate, [] { return at(); });
  const auto ask = [&](seconds later) {
    return store_->reserve_attempt({{"here"}, "bob"}, rate, [later] { return at(later); });
  };
  EXPECT_TRUE(ask(seconds(0))) << "it waits two seconds for its first try";
  EXPECT_EQ(accounts_->flush_expired(at(seconds(119)), seconds(0), rate).attempts, 0);
  EXPECT_EQ(accounts_->flush_expired(at(seconds(120)), seconds(0), rate).attempts, 5);
}

/// The service deletes the same rows; one of the two would be a deadlock's victim.
TEST_P(AccountsTest, LeavesRowsThatOthersHold) {
  if (is_sqlite()) GTEST_SKIP() << "it has one writer";
  store_->reserve_attempt({{"here"}, "bob"}, kThreeAMinute, [] { return at(); });
  for (const char* jti : {"a", "b"}) {
    store_->rotate(token(jti), token(jti + std::string("2")), at(), seconds(10));
  }
  const std::string where = settings().connection;
  const auto held =
      std::unique_ptr<PGconn, decltype(&PQfinish)>(PQconnectdb(where.c_str()), PQfinish);
  for (const char* sql : {"BEGIN", "SELECT 1 FROM jwt_auth_login_attempt LIMIT 1 FOR UPDATE",
                          "SELECT 1 FROM jwt_auth_rotation LIMIT 1 FOR UPDATE"}) {
    PQclear(PQexec(held.get(), sql));
  }
  const auto flushed = accounts_->flush_expired(at(hours(24)), seconds(0), kThreeAMinute);
  EXPECT_EQ(flushed.attempts, 2);
  EXPECT_EQ(flushed.rotations, 1);
}

TEST_P(AccountsTest, FlushesMoreThanOneTransactionHolds) {
  const std::string time = is_sqlite() ? "'2026-01-01 00:00:00'" : "timestamptz '2026-01-01'";
  database_->execute(
      "INSERT INTO token_blacklist_outstandingtoken (jti, token, expires_at) "
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203) "
      "SELECT CAST(i AS text), '', " +
      time + " FROM n");
  store_->add_outstanding(token("good"));
  EXPECT_EQ(accounts_->flush_expired(at(), seconds(0), {}).tokens, 1203);
  EXPECT_EQ(database_->value("SELECT jti FROM token_blacklist_outstandingtoken"), "good");
}

TEST_P(AccountsTest, RemembersARevocationForTheMargin) {
  store_->blacklist(token("one"), at());
  EXPECT_EQ(accounts_->flush_expired(at(hours(24)), seconds(10), {}).tokens, 0);
  EXPECT_TRUE(store_->is_blacklisted("one"));
  const auto late = at(hours(24) + seconds(10));
  EXPECT_EQ(accounts_->flush_expired(late, seconds(10), {}).tokens, 1);
}

TEST_P(AccountsTest, RemembersTheRevocationOfATokenThatSlidPastItsRow) {
  OutstandingToken first = token("sliding", add_user("bob"));
  first.expires_at = at(seconds(300));
  store_->add_outstanding(first);
  accounts_->revoke_all("bob", at(seconds(500)));
  accounts_->flush_expired(at(seconds(799)), seconds(300), {});
  EXPECT_TRUE(store_->is_blacklisted("sliding"));
  EXPECT_EQ(accounts_->flush_expired(at(seconds(800)), seconds(300), {}).tokens, 1);
}

RUN_ON_BOTH(AccountsTest);

}  // namespace
}  // namespace jwt_auth
