// A PgBouncer before a test's PostgreSQL, on a unix socket in a temporary folder. In tests.
#pragma once

#include "tests/support/postgres.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

class PgBouncer {
 public:
  /// Empty: it can be started here. Otherwise why not, for GTEST_SKIP.
  static std::string why_not();

  /// `mode`: session, transaction or statement; `size`: how many connections to each database.
  PgBouncer(const Postgres& postgres, const std::string& mode, int size);

  /// Of a database of the server behind it.
  std::string connection_string(const std::string& database) const;
  /// As an administrator: "PAUSE", "RESUME".
  void command(const std::string& text) const;
  /// Runs one statement through it, as another application would; what psql prints.
  std::string query(const std::string& database, const std::string& sql) const;

 private:
  TemporaryFolder folder_;
  std::string socket_folder_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace alicorn::test
