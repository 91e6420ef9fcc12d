// A PostgreSQL of the test's own, on a unix socket in a temporary folder. In tests.
#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

class Postgres {
 public:
  /// Empty: it can be started here. Otherwise why not, for GTEST_SKIP.
  static std::string why_not();

  /// Makes a cluster and starts it. Throws if it does not come up.
  Postgres();
  /// Stops it, and leaves nothing behind.
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  /// Returns when it takes connections.
  void start();
  /// Clients are thrown out at once, their transactions undone.
  void stop();
  /// As if the power had gone. Returns when all of its processes are gone.
  void kill();

  /// For libpq: "host=... dbname=NAME user=postgres".
  std::string connection_string(const std::string& database) const;
  /// A new and empty database. Returns its connection string.
  std::string create_database();
  /// Runs one statement; what it prints, without frills: "a|b" and a newline per row.
  std::string query(const std::string& database, const std::string& sql) const;

  /// What goes before a command that root may not run itself; empty if we are not root.
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
