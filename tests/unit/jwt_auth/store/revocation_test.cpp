// revoke-all while a token of the same user is being rotated.
#include "store/accounts.hpp"
#include "store/database.hpp"
#include "store/queries.hpp"
#include "store/store.hpp"
#include "support/database.hpp"
#include "tests/support/eventually.hpp"

#include <gtest/gtest.h>

#include <future>

namespace jwt_auth {
namespace {

using alicorn::test::eventually;
using test::at;
using test::token;

class RevocationTest : public test::OnBoth {
 protected:
  bool waits() const {
    return database_->value(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
               "current_database()") != "0";
  }
};

TEST_P(RevocationTest, ReachesTheTokenOfARunningRotation) {
  const std::int64_t id = add_user("bob");
  Store store(settings());
  store.add_outstanding(token("old", id));
  Accounts accounts(settings());
  std::future<std::optional<std::int64_t>> revoked;
  Database rotating(settings());
  rotating.write("rotate", [&](Connection& connection) {
    insert_blacklisted(connection, token("old", id), at());
    insert_outstanding(connection, token("new", id));
    revoked = std::async(std::launch::async, [&] { return accounts.revoke_all("bob", at()); });
    if (is_sqlite()) return;  // its only writer waits before it looks
    eventually(
        [&] { return waits() || revoked.wait_for(seconds(0)) == std::future_status::ready; });
  });
  EXPECT_EQ(revoked.get(), 1);
  EXPECT_TRUE(store.is_blacklisted("new"));
}

RUN_ON_BOTH(RevocationTest);

class PostgresqlRevocationTest : public RevocationTest {};

TEST_P(PostgresqlRevocationTest, LetsLoginsContinueMeanwhile) {
  const std::int64_t id = add_user("bob");
  DatabaseSettings impatient = settings();
  impatient.timeout = seconds(2);
  Store store(impatient);
  for (const char* jti : {"one", "two", "three"}) store.add_outstanding(token(jti, id));
  Accounts accounts(settings());
  std::future<std::optional<std::int64_t>> revoked;
  {
    Connection other(settings(), IfAbsent::kRefuse);
    other.begin();
    other.run_once(
        "INSERT INTO token_blacklist_blacklistedtoken (blacklisted_at, token_id) "
        "SELECT now(), id FROM token_blacklist_outstandingtoken WHERE jti = 'two'");
    revoked = std::async(std::launch::async, [&] { return accounts.revoke_all("bob", at()); });
    EXPECT_TRUE(eventually([&] { return waits(); }));
    EXPECT_NO_THROW(store.add_outstanding(token("login", id)));
    EXPECT_NO_THROW(store.rotate(token("a"), token("b"), at(), seconds(0)));
    other.rollback();
  }
  EXPECT_EQ(revoked.get(), 4);
  EXPECT_TRUE(store.is_blacklisted("login"));
}

INSTANTIATE_TEST_SUITE_P(Postgresql, PostgresqlRevocationTest,
                         testing::Values(test::Kind::kPostgresql));

}  // namespace
}  // namespace jwt_auth
