// The JWT service, started for a test on a database of its own that has the users of
// tests/jwt_contract/database.py. In tests.
#pragma once

#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

/// Runs one of tests/jwt_contract's programs.
CommandResult run_contract(const std::string& program, const Arguments& arguments);

class JwtService {
 public:
  struct Options {
    std::string profile = "default";  ///< of tests/jwt_contract/profiles.py
    std::string postgresql{};         ///< connection string of an empty database; otherwise SQLite
    std::string algorithm{};          ///< one with a public key: makes a key for it
    Arguments arguments{};            ///< more of the server's
    bool is_made_by_django = false;   ///< its tables
  };

  /// Empty: it can be started here. Otherwise why not, for GTEST_SKIP.
  static std::string why_not();

  explicit JwtService(const Options& options);

  /// What the programs of tests/jwt_contract are told about it: where it is, and its profile.
  Arguments introduction() const;
  std::string url() const;
  ServerProcess& server() { return *server_; }
  const std::string& database() const { return database_; }
  const std::string& configuration_path() const { return configuration_path_; }
  std::string file(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
  Options options_;
  std::string database_;
  std::string key_path_;
  std::string configuration_path_;
  std::unique_ptr<ServerProcess> server_;
};

/// Where jwt_auth_admin is.
std::string jwt_admin_program();
/// It, with the configuration of a service.
CommandResult run_jwt_admin(const std::string& configuration_path, const Arguments& arguments);

}  // namespace alicorn::test
