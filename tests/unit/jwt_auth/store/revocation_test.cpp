// revoke-all, while somebody of that user is rotating.
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

TEST_P(RevocationTest, ReachesTheTokenOfARotationThatIsUnderWay) {
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
    if (is_sqlite()) return;  // its one writer waits before it looks
    eventually(
        [&] { return waits() || revoked.wait_for(seconds(0)) == std::future_status::ready; });
  });
  EXPECT_EQ(revoked.get(), 1);
  EXPECT_TRUE(store.is_blacklisted("new"));
}

RUN_ON_BOTH(RevocationTest);

}  // namespace
}  // namespace jwt_auth
