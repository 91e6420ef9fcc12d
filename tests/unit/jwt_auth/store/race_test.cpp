// Concurrent calls, each on its own connection as in the workers.
#include "store/migrate.hpp"
#include "store/store.hpp"
#include "support/database.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <thread>

namespace jwt_auth {
namespace {

using test::at;
using test::token;

constexpr int kThreads = 8;

template <class Work>
void in_parallel(Work work) {
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class RaceTest : public test::OnBoth {};

TEST_P(RaceTest, OneRotationWins) {
  for (int round = 0; round < 10; ++round) {
    const std::string old_jti = "old" + std::to_string(round);
    std::atomic<int> winners{0};
    std::vector<std::optional<std::string>> successors(kThreads);
    in_parallel([&](int i) {
      Store store(settings());
      const std::string jti = old_jti + "-" + std::to_string(i);
      const auto rotation = store.rotate(token(old_jti), token(jti), at(), seconds(10));
      if (rotation.is_winner) ++winners;
      successors[static_cast<std::size_t>(i)] =
          rotation.is_winner ? "text of " + jti : rotation.successor;
    });
    EXPECT_EQ(winners, 1);
    // Within the grace period everybody has the same token.
    for (const auto& successor : successors) EXPECT_EQ(successor, successors[0]);
  }
  EXPECT_EQ(database_->value("SELECT count(*) FROM token_blacklist_outstandingtoken"), "20");
  EXPECT_EQ(database_->value("SELECT count(*) FROM token_blacklist_blacklistedtoken"), "10");
}

TEST_P(RaceTest, OneRevocationIsTheFirst) {
  std::atomic<int> first{0};
  in_parallel([&](int) {
    Store store(settings());
    if (store.blacklist(token("one"), at())) ++first;
  });
  EXPECT_EQ(first, 1);
}

TEST_P(RaceTest, ARevokedTokenIsRefusedByAllAtOnce) {
  in_parallel([&](int i) {
    Store store(settings());
    Store other(settings());
    for (int round = 0; round < 10; ++round) {
      const std::string jti = std::to_string(i) + "-" + std::to_string(round);
      EXPECT_FALSE(other.is_blacklisted(jti));
      store.blacklist(token(jti), at());
      EXPECT_TRUE(other.is_blacklisted(jti));
    }
  });
}

TEST_P(RaceTest, MigrationsWaitForEachOther) {
  const test::TestDatabase empty(GetParam(), test::TestDatabase::Schema::kEmpty);
  std::atomic<std::size_t> applied{0};
  in_parallel([&](int) { applied += migrate(empty.settings(), at()).size(); });
  EXPECT_EQ(applied, migration_states(empty.settings()).size());
}

RUN_ON_BOTH(RaceTest);

}  // namespace
}  // namespace jwt_auth
