// A test's own PostgreSQL, on a unix socket in a temporary folder. In tests.
#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

class Postgres {
 public:
  /// Empty if PostgreSQL can be started here. Otherwise the reason, for GTEST_SKIP.
  static std::string why_not();

  /// Creates a cluster and starts it. Throws if PostgreSQL does not come up.
  Postgres();
  /// Stops PostgreSQL and removes everything.
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  /// Returns when PostgreSQL accepts connections.
  void start();
  /// Disconnects the clients at once and rolls back their transactions.
  void stop();
  /// Kills all processes, as if the power had failed. Returns when they are gone.
  void kill();

  /// For libpq: "host=... dbname=NAME user=postgres".
  std::string connection_string(const std::string& database) const;
  /// Creates a new, empty database. Returns its connection string.
  std::string create_database();
  /// Runs one statement. Returns its plain output: "a|b" and a newline per row.
  std::string query(const std::string& database, const std::string& sql) const;

  /// Prefix for a command that root itself may not run. Empty if we are not root.
  static Arguments change_of_user();
  static void give_to_its_user(const std::string& path);

  std::string log() const { return read_file(folder_ / "log"); }
  const std::string& socket_folder() const { return socket_folder_; }

 private:
  Arguments as_its_user(const std::string& program, const Arguments& arguments) const;

  TemporaryFolder folder_;
  std::string socket_folder_;
  std::unique_ptr<ChildProcess> process_;
  int databases_ = 0;
};

}  // namespace alicorn::test
