// examples/jwt_auth/start as a container or a platform runs it: everything is in the environment.
#include "tests/support/jwt_service.hpp"
#include "tests/support/raw_http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <unistd.h>

namespace alicorn::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

/// Installed as the Containerfile does it, in a folder that every user can read.
class JwtStart : public ::testing::Test {
 protected:
  JwtStart() {
    const std::string source = ALICORN_SOURCE_DIR "/examples/jwt_auth/";
    fs::permissions(folder_ / "", fs::perms(0755));
    for (const char* name : {"bin", "share", "share/alicorn", "share/alicorn/jwt_auth", "data"}) {
      fs::create_directory(folder_ / name);
    }
    fs::copy_file(ALICORN_BINARY, folder_ / "bin/alicorn");
    fs::copy_file(jwt_admin_program(), folder_ / "bin/jwt_auth_admin");
    fs::copy_file(example("jwt_auth"), folder_ / "jwt_auth.so");
    fs::copy_file(source + "start", folder_ / "bin/jwt_auth_start");
    fs::copy_file(source + "start.yaml", folder_ / "share/alicorn/jwt_auth/start.yaml");
  }

  std::string path() const { return folder_ / "bin:/usr/bin:/bin"; }
  std::vector<std::pair<std::string, std::string>> environment() const {
    return {{"PATH", path()},
            {"JWT_AUTH", folder_ / "jwt_auth.so"},
            {"SIGNING_KEY", kKey},
            {"DATABASE_URL", "sqlite://" + (folder_ / "data/db.sqlite3")},
            {"DATA", folder_ / "data"}};
  }
  /// The words go before the script. The script drops the program and the application that a
  /// ServerProcess adds, and passes the other arguments on.
  ServerProcess::Options through(Arguments words, const std::string& script) const {
    const std::string drop_program = "shift; exec " + script + " \"$@\"";
    words.insert(words.end(), {"sh", "-c", drop_program, "sh"});
    return {.environment = environment(), .wrapper = std::move(words)};
  }
  void serves(const ServerProcess& server) const {
    EXPECT_EQ(ask(server.address(), get("/.well-known/jwks.json")).status, 200);
    EXPECT_EQ(ask(server.address(), get("/hello/")).status, 401);
    EXPECT_TRUE(server.logs("GET /hello/")) << "the access log";
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place workers=1 generation=2"));
    EXPECT_EQ(ask(server.address(), get("/.well-known/jwks.json")).status, 200);
    const std::string key = kKey;
    EXPECT_EQ(server.log().find(key), std::string::npos);
  }

  /// Runs the script with only these variables. Returns its exit code and its output.
  std::string fails(const Arguments& variables) const {
    Arguments all{"env", "-i"};
    all.insert(all.end(), variables.begin(), variables.end());
    all.push_back(folder_ / "bin/jwt_auth_start");
    const CommandResult result = run_command(all);
    return std::to_string(result.ending.exit_code) + ' ' + result.output;
  }

  TemporaryFolder folder_;
};

constexpr const char* kAnyFlag = "--sendfile";  // in place of the application

TEST_F(JwtStart, ServesFromTheSourceTree) {
  ServerProcess server(kAnyFlag, {}, through({}, ALICORN_SOURCE_DIR "/examples/jwt_auth/start"));
  serves(server);
}

TEST_F(JwtStart, NeedsNoHome) {
  ServerProcess server(kAnyFlag, {}, through({"env", "-u", "HOME"}, "jwt_auth_start"));
  serves(server);
}

TEST_F(JwtStart, NeedsNoKnownUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_EQ(::chown((folder_ / "data").c_str(), 54321, 54321), 0);
  ServerProcess server(kAnyFlag, {},
                       through({"setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups",
                                "env", "HOME=/"},
                               "jwt_auth_start"));
  serves(server);
}

/// Like a container with a read-only root: only the database can be written.
TEST_F(JwtStart, NeedsNoWritableFolder) {
  const std::string read_only =
      "mount --make-rprivate / && mount -t tmpfs -o mode=0755 none \"$DATA\" && "
      "for each in / /tmp /run /dev/shm; do mountpoint -q $each && mount -o remount,bind,ro $each; "
      "done; ";
  const std::string probe =
      read_only + "! touch /written /tmp/written /dev/shm/written 2>/dev/null";
  ASSERT_EQ(::setenv("DATA", (folder_ / "data").c_str(), 1), 0);
  if (run_command({"unshare", "-m", "sh", "-c", probe}).ending.exit_code != 0) {
    GTEST_SKIP() << "no file system of its own here";
  }
  ServerProcess server(
      kAnyFlag, {},
      through({"unshare", "-m", "sh", "-c", read_only + "exec \"$@\"", "sh"}, "jwt_auth_start"));
  serves(server);
}

TEST_F(JwtStart, SaysWhatIsMissing) {
  const std::string path = "PATH=" + this->path();
  const std::string key = std::string("SIGNING_KEY=") + kKey;
  const std::string database = "DATABASE_URL=sqlite://" + (folder_ / "data/db.sqlite3");
  EXPECT_THAT(fails({path, database}),
              StartsWith("2 jwt_auth: the environment variable SIGNING_KEY"));
  EXPECT_THAT(fails({path, key}), StartsWith("2 jwt_auth: the environment variable DATABASE_URL"));
  EXPECT_THAT(fails({path, key, "DATABASE_URL="}),
              StartsWith("2 jwt_auth: the environment variable DATABASE_URL"));
  EXPECT_THAT(fails({path, key, database, "JWT_AUTH=/nonexistent/jwt_auth.so"}),
              AllOf(StartsWith("2 jwt_auth: cannot read the service's library /nonexistent"),
                    HasSubstr("JWT_AUTH")));
  EXPECT_THAT(fails({"PATH=/usr/bin:/bin", key, database}),
              StartsWith("2 jwt_auth: cannot find jwt_auth_admin in PATH (/usr/bin:/bin)"));
  const std::string app = "JWT_AUTH=" + (folder_ / "jwt_auth.so");
  EXPECT_THAT(fails({path, app, key, "DATABASE_URL=mysql://u:hunter2@x"}),
              AllOf(HasSubstr("app.database.environment must be sqlite:///"),
                    ::testing::Not(HasSubstr("hunter2"))));
  EXPECT_THAT(fails({path, app, key, "DATABASE_URL=sqlite:///nonexistent/db.sqlite3"}),
              HasSubstr("/nonexistent/db.sqlite3"));
  EXPECT_THAT(fails({path, app, "SIGNING_KEY=short", database, "ALICORN_CMD_ARGS=-b 127.0.0.1:0"}),
              HasSubstr("app.signing_key (environment variable SIGNING_KEY) has 5 bytes"));
  fs::remove(folder_ / "share/alicorn/jwt_auth/start.yaml");
  EXPECT_THAT(fails({path, app, key, database}), StartsWith("2 jwt_auth: cannot read "));
}

}  // namespace
}  // namespace alicorn::test
