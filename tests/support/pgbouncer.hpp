// A PgBouncer in front of a test's PostgreSQL, on a unix socket in a temporary folder. In tests.
#pragma once

#include "tests/support/postgres.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

class PgBouncer {
 public:
  /// Empty if PgBouncer can be started here. Otherwise the reason, for GTEST_SKIP.
  static std::string why_not();

  /// `mode` is session, transaction or statement. `size` is the number of connections to each
  /// database.
  PgBouncer(const Postgres& postgres, const std::string& mode, int size);

  /// Connection string of a database of the server behind PgBouncer.
  std::string connection_string(const std::string& database) const;
  /// Runs an administrator's command: "PAUSE", "RESUME".
  void command(const std::string& text) const;
  /// Runs one statement through PgBouncer, as another application would. Returns psql's output.
  std::string query(const std::string& database, const std::string& sql) const;

 private:
  TemporaryFolder folder_;
  std::string socket_folder_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace alicorn::test
