// The JWT service, started for a test with its own database that contains the users of
// tests/jwt_contract/database.py. In tests.
#pragma once

#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <memory>
#include <string>

namespace alicorn::test {

/// Runs one of the programs in tests/jwt_contract.
CommandResult run_contract(const std::string& program, const Arguments& arguments);

class JwtService {
 public:
  struct Options {
    std::string profile = "default";  ///< one in tests/jwt_contract/profiles.py
    std::string postgresql{};         ///< connection string of an empty database; "": SQLite
    std::string algorithm{};          ///< if it has a public key, one is generated
    Arguments arguments{};            ///< further arguments of the server
    bool is_made_by_django = false;   ///< Django makes the tables
  };

  /// Empty if the service can be started here. Otherwise the reason, for GTEST_SKIP.
  static std::string why_not();

  explicit JwtService(const Options& options);

  /// The arguments that tell the programs of tests/jwt_contract where the service is, and its
  /// profile.
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

/// Path of jwt_auth_admin.
std::string jwt_admin_program();
/// Runs jwt_auth_admin with the configuration of a service.
CommandResult run_jwt_admin(const std::string& configuration_path, const Arguments& arguments);

}  // namespace alicorn::test
