#include "tests/support/jwt_service.hpp"

#include <fstream>

namespace alicorn::test {
namespace {

constexpr milliseconds kLongest{110'000};

/// Debian's python3, which has python3-jwt and Django. Another one in PATH may not.
constexpr const char* kPython = "/usr/bin/python3";

}  // namespace

CommandResult run_contract(const std::string& program, const Arguments& arguments) {
  Arguments all{kPython, "-B", ALICORN_SOURCE_DIR "/tests/jwt_contract/" + program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all, kLongest);
}

std::string jwt_admin_program() {
  return ALICORN_EXAMPLES_DIR "/jwt_auth/jwt_auth_admin";
}

CommandResult run_jwt_admin(const std::string& configuration_path, const Arguments& arguments) {
  Arguments all{jwt_admin_program(), "-c", configuration_path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all);
}

std::string JwtService::why_not() {
  const auto probe = run_command({kPython, "-c", "import jwt, cryptography"});
  return probe.ending.exit_code == 0 ? "" : "python3-jwt is not installed";
}

JwtService::JwtService(const Options& options)
    : options_(options),
      database_(options.postgresql.empty() ? "sqlite:" + (folder_ / "db.sqlite3")
                                           : "postgresql:" + options.postgresql),
      configuration_path_(folder_ / "jwt_auth.yaml") {
  Arguments about{options.profile, database_};
  if (!options.algorithm.empty()) {
    key_path_ = folder_ / "key.pem";
    must(run_contract("make_key.py", {options.algorithm, key_path_}), "a key");
    about.push_back(key_path_);
  }
  const std::string configuration = must(run_contract("profiles.py", about), "configuration");
  std::ofstream(configuration_path_) << configuration;
  if (options.is_made_by_django) {
    must(run_contract("django_server.py", {database_, "migrate", "-v0"}), "Django's migrate");
  } else {
    must(run_jwt_admin(configuration_path_, {"migrate"}), "migrate");
  }
  must(run_contract("database.py", {database_}), "users");
  server_ = std::make_unique<ServerProcess>(example("jwt_auth"), options.arguments,
                                            ServerProcess::Options{.configuration = configuration});
}

std::string JwtService::url() const {
  return "http://" + server_->address().text();
}

Arguments JwtService::introduction() const {
  Arguments all{url(), "--profile", options_.profile, "--database", database_};
  if (!key_path_.empty()) all.insert(all.end(), {"--key", key_path_});
  return all;
}

}  // namespace alicorn::test
