// A master that is root, and workers of another user: root does not trust what that user may
// change.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

constexpr uid_t kNobody = 65534;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

class OtherUsersLogs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    std::filesystem::permissions(folder / "", std::filesystem::perms(0755));
    std::filesystem::copy_file(example("hello_c"), folder / "app.so");
    for (const char* name : {"srv", "srv/log", "roots"}) {
      std::filesystem::create_directory(folder / name);
    }
  }
  void give(const std::string& name) {
    EXPECT_EQ(::lchown((folder / name).c_str(), kNobody, kNobody), 0);
  }
  Arguments arguments(const std::string& log_folder) const {
    return {"-w",
            "1",
            "--user",
            "nobody",
            "--group",
            "nogroup",
            "--error-logfile",
            log_folder + "/error.log",
            "--access-logfile",
            log_folder + "/access.log"};
  }

  TemporaryFolder folder;
};

TEST_F(OtherUsersLogs, BelongToThatUserInAFolderOfRoot) {
  const std::string logs = folder / "roots";
  ServerProcess server(folder / "app.so", arguments(logs));
  for (const char* name : {"/error.log", "/access.log"}) {
    EXPECT_EQ(status_of(logs + name).st_uid, kNobody) << name;
    std::filesystem::rename(logs + name, logs + name + ".1");
  }
  server.signal(SIGUSR1);
  EXPECT_TRUE(server.logs("logs reopened"));
  // The worker reopens its log in its own time.
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
    return !read_file(logs + "/access.log").empty();
  }));
  for (const char* name : {"/error.log", "/access.log"}) {
    EXPECT_EQ(status_of(logs + name).st_uid, kNobody) << name;
  }
}

TEST_F(OtherUsersLogs, GiveAwayNoFileOfRootThroughALinkedFolder) {
  give("srv");
  give("srv/log");
  write_file(folder / "roots/error.log", "secret\n");
  std::filesystem::permissions(folder / "roots/error.log", std::filesystem::perms(0600));
  ServerProcess server(folder / "app.so", arguments(folder / "srv/log"));
  std::filesystem::rename(folder / "srv/log", folder / "srv/old");
  std::filesystem::create_directory_symlink(folder / "roots", folder / "srv/log");
  server.signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] {
    return read_file(folder / "srv/old/error.log").find("logs not reopened") != std::string::npos;
  }));
  EXPECT_EQ(status_of(folder / "roots/error.log").st_uid, 0U);
  EXPECT_EQ(read_file(folder / "roots/error.log"), "secret\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "roots/access.log"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST_F(OtherUsersLogs, CreateNoFileOfRootThroughALinkInTheirPlace) {
  give("srv/log");
  std::filesystem::create_symlink(folder / "roots/made", folder / "srv/log/error.log");
  give("srv/log/error.log");
  Arguments all{"-b", "127.0.0.1:0"};
  for (const std::string& argument : arguments(folder / "srv/log")) all.push_back(argument);
  all.push_back(folder / "app.so");
  const CommandResult result = run_server(all);
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, ::testing::HasSubstr("error.log as user nobody (nor as root"));
  EXPECT_FALSE(std::filesystem::exists(folder / "roots/made"));
}

}  // namespace
}  // namespace alicorn::test
