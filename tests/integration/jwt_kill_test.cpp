// The JWT service while its workers, or its database, are killed under load: what was revoked stays
// revoked, nothing is rotated twice, and it comes back by itself.
#include "tests/support/jwt_service.hpp"
#include "tests/support/postgres.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

namespace alicorn::test {
namespace {

constexpr const char* kSeconds = "4";

class JwtUnderFire : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = JwtService::why_not(); !why.empty()) GTEST_SKIP() << why;
  }

  /// Does something every so often while the load runs; returns how often.
  template <class Strike>
  int strike_while_loaded(JwtService& service, milliseconds pause, Strike strike) {
    auto load = std::async(std::launch::async, [&] {
      return run_contract("churn.py", {service.url(), "alice", "correct-horse-battery", kSeconds});
    });
    int strikes = 0;
    while (load.wait_for(pause) == std::future_status::timeout) {
      strike();
      ++strikes;
    }
    const CommandResult result = load.get();
    EXPECT_EQ(result.ending.exit_code, 0) << result.output;
    printf("%d strikes: %s", strikes, result.output.c_str());
    return strikes;
  }
};

void kill_a_worker(JwtService& service) {
  const auto workers = service.server().workers();
  if (!workers.empty()) ::kill(workers.front(), SIGKILL);
}

TEST_F(JwtUnderFire, WorkersKilledOnSqlite) {
  JwtService service({.profile = "rotation_blacklist", .arguments = {"--workers", "2"}});
  EXPECT_GT(strike_while_loaded(service, milliseconds(400), [&] { kill_a_worker(service); }), 3);
}

TEST_F(JwtUnderFire, WorkersKilledOnPostgresql) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  JwtService service({.profile = "rotation_blacklist",
                      .postgresql = postgres.create_database(),
                      .arguments = {"--workers", "2"}});
  EXPECT_GT(strike_while_loaded(service, milliseconds(400), [&] { kill_a_worker(service); }), 3);
}

TEST_F(JwtUnderFire, PostgresqlKilled) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  JwtService service({.profile = "rotation_blacklist",
                      .postgresql = postgres.create_database(),
                      .arguments = {"--workers", "2"}});
  const auto workers = service.server().workers();
  const int strikes = strike_while_loaded(service, milliseconds(1500), [&] {
    postgres.kill();
    postgres.start();
  });
  EXPECT_GT(strikes, 1);
  EXPECT_EQ(service.server().workers(), workers) << "a worker ended with the database";
  EXPECT_TRUE(service.server().logs("the database does not answer"));
}

}  // namespace
}  // namespace alicorn::test
