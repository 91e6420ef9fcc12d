// The JWT service while its workers or its database are killed under load: revoked tokens stay
// revoked, nothing is rotated twice, and the service recovers without help.
#include "tests/support/jwt_service.hpp"
#include "tests/support/pgbouncer.hpp"
#include "tests/support/postgres.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <sstream>
#include <string>
#include <vector>

#include <signal.h>

namespace alicorn::test {
namespace {

class JwtUnderFire : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = JwtService::why_not(); !why.empty()) GTEST_SKIP() << why;
  }

  /// Strikes `strikes` times while the load runs, with a pause before each strike and after the
  /// last.
  template <class Strike>
  void strike_while_loaded(JwtService& service, int strikes, milliseconds pause, Strike strike) {
    // Destroyed after the folder: if a strike throws, removing the folder ends the load.
    std::future<CommandResult> load;
    const TemporaryFolder folder;
    const std::string goes_on = folder / "goes_on";
    write_file(goes_on, "");
    load = std::async(std::launch::async, [&] {
      return run_contract("churn.py", {service.url(), "alice", "correct-horse-battery", goes_on});
    });
    for (int i = 0; i < strikes; ++i) {
      load.wait_for(pause);
      strike();
    }
    load.wait_for(pause);
    std::filesystem::remove(goes_on);
    const CommandResult result = load.get();
    EXPECT_EQ(result.ending.exit_code, 0) << result.output;
    printf("%d strikes: %s", strikes, result.output.c_str());
  }
};

void kill_a_worker(JwtService& service) {
  const auto workers = service.server().workers();
  if (!workers.empty()) ::kill(workers.front(), SIGKILL);
}

TEST_F(JwtUnderFire, WorkersKilledOnSqlite) {
  JwtService service({.profile = "rotation_blacklist", .arguments = {"--workers", "2"}});
  strike_while_loaded(service, 8, milliseconds(400), [&] { kill_a_worker(service); });
}

TEST_F(JwtUnderFire, WorkersKilledOnPostgresql) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  JwtService service({.profile = "rotation_blacklist",
                      .postgresql = postgres.create_database(),
                      .arguments = {"--workers", "2"}});
  strike_while_loaded(service, 8, milliseconds(400), [&] { kill_a_worker(service); });
}

TEST_F(JwtUnderFire, PostgresqlKilled) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  JwtService service({.profile = "rotation_blacklist",
                      .postgresql = postgres.create_database(),
                      .arguments = {"--workers", "2"}});
  const auto workers = service.server().workers();
  strike_while_loaded(service, 2, milliseconds(1000), [&] {
    postgres.kill();
    postgres.start();
  });
  EXPECT_EQ(service.server().workers(), workers) << "a worker ended with the database";
  EXPECT_TRUE(service.server().logs("the database does not answer"));
}

/// The backends of all connections to the database, except the one that asks.
std::vector<pid_t> backends(const Postgres& postgres, const std::string& database) {
  std::istringstream lines(
      postgres.query(database,
                     "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                     "application_name = 'jwt_auth'"));
  std::vector<pid_t> pids;
  for (pid_t pid = 0; lines >> pid;) pids.push_back(pid);
  return pids;
}

TEST_F(JwtUnderFire, PostgresqlStopped) {
  if (const std::string why = Postgres::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  JwtService service({.profile = "rotation_blacklist",
                      .postgresql = postgres.create_database(),
                      .arguments = {"--workers", "2", "--threads", "4"}});
  const auto workers = service.server().workers();
  strike_while_loaded(service, 1, milliseconds(1000), [&] {
    const std::vector<pid_t> stopped = backends(postgres, "test_1");
    EXPECT_FALSE(stopped.empty());
    for (const pid_t pid : stopped) ::kill(pid, SIGSTOP);
    EXPECT_TRUE(service.server().logs("does not answer in time"));
    for (const pid_t pid : stopped) ::kill(pid, SIGCONT);
  });
  EXPECT_EQ(service.server().workers(), workers) << "a worker ended with the database";
}

TEST_F(JwtUnderFire, WorkersKilledBehindATransactionPooler) {
  if (const std::string why = PgBouncer::why_not(); !why.empty()) GTEST_SKIP() << why;
  Postgres postgres;
  postgres.create_database();
  const PgBouncer pooler(postgres, "transaction", 2);
  JwtService service({.profile = "rotation_blacklist",
                      .postgresql = pooler.connection_string("test_1"),
                      .arguments = {"--workers", "2", "--threads", "4"}});
  strike_while_loaded(service, 4, milliseconds(400), [&] { kill_a_worker(service); });
}

}  // namespace
}  // namespace alicorn::test
