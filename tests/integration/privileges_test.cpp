// What the processes of a server may become, and who may inspect them.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uid_t kNobody = 65534;
constexpr const char* kWarning = "the workers run as root";

bool may_gain_rights(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:"));
  return status.find("NoNewPrivs:\t1") == std::string::npos;
}

/// Root if other users may not inspect the process.
uid_t owner_of(pid_t pid) {
  struct stat status {};
  EXPECT_EQ(::stat(("/proc/" + std::to_string(pid) + "/maps").c_str(), &status), 0);
  return status.st_uid;
}

TEST(NoNewPrivileges, ApplyToTheMasterAndItsWorkers) {
  for (const Arguments& arguments : {Arguments{"-w", "1"}, {"-w", "1", "--preload"}}) {
    ServerProcess server(test_app("preloaded"), arguments);
    EXPECT_FALSE(may_gain_rights(server.pid()));
    EXPECT_FALSE(server.workers().empty());
    for (const pid_t child : server.workers()) EXPECT_FALSE(may_gain_rights(child));
  }
}

TEST(NoNewPrivileges, ApplyToHooksAndTheMasterOfAnUpgrade) {
  ServerProcess::Options options;
  options.configuration = "hooks:\n  when_ready: 'grep NoNewPrivs /proc/self/status >> rights'\n";
  ServerProcess server(example("hello_c"), {}, options);
  EXPECT_TRUE(eventually([&] {
    return read_file(server.file("rights")).find("NoNewPrivs:\t1") != std::string::npos;
  }));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  ::kill(-server.pid(), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

class DumpableByRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    std::filesystem::permissions(folder / "", std::filesystem::perms(0755));
    std::filesystem::copy_file(test_app("crash"), folder / "app.so");
  }
  /// Whether this machine leaves cores at all, tested with a process of our own.
  bool leaves_cores() const {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::chdir((folder / "").c_str()) != 0) ::_exit(0);
      ::signal(SIGABRT, SIG_DFL);
      std::abort();
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WCOREDUMP(status);
  }

  TemporaryFolder folder;
};

TEST_F(DumpableByRoot, WorkersOfAnotherUserAreProtectedByDefault) {
  struct Case {
    Arguments arguments;
    uid_t owner;
  };
  const std::vector<Case> cases{
      {{"--user", "nobody"}, 0},
      {{"--user", "nobody", "--dumpable", "always"}, kNobody},
      {{"--user", "nobody", "--dumpable", "never"}, 0},
      {{"--user", "nobody", "--preload"}, 0},
  };
  for (const Case& one : cases) {
    const bool preloads = one.arguments.back() == "--preload";
    ServerProcess server(preloads ? test_app("preloaded") : folder / "app.so", one.arguments);
    for (const pid_t child : server.workers()) {
      EXPECT_EQ(owner_of(child), one.owner) << ::testing::PrintToString(one.arguments);
    }
  }
}

#ifndef __SANITIZE_ADDRESS__  // AddressSanitizer leaves no cores
TEST_F(DumpableByRoot, CoresAreLeftAsTheSettingSaysAndEveryCrashIsReported) {
  rlimit before{};
  ::getrlimit(RLIMIT_CORE, &before);
  const rlimit large{.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_CORE, &large);
  if (!leaves_cores()) {
    ::setrlimit(RLIMIT_CORE, &before);
    GTEST_SKIP() << "no process leaves a core here";
  }
  struct Case {
    Arguments arguments;
    bool has_core;
  };
  const std::vector<Case> cases{
      {{"--user", "root"}, true},
      {{"--user", "root", "--dumpable", "never"}, false},
      {{"--user", "nobody"}, false},
      {{"--user", "nobody", "--dumpable", "always"}, true},
  };
  for (const Case& one : cases) {
    const TemporaryFolder cores;
    std::filesystem::permissions(cores / "", std::filesystem::perms(0777));
    Arguments arguments = one.arguments;
    for (const std::string& word : {std::string("--chdir"), cores / ""}) arguments.push_back(word);
    ServerProcess server(folder / "app.so", arguments);
    EXPECT_EQ(ask(server.address(), get("/crash")).status, 500);
    EXPECT_TRUE(server.logs("was killed by SIGSEGV"));
    EXPECT_TRUE(server.logs("follow_null"));
    EXPECT_EQ(server.count_in_log("(core dumped)"), one.has_core ? 1U : 0U)
        << ::testing::PrintToString(one.arguments);
  }
  ::setrlimit(RLIMIT_CORE, &before);
}
#endif

TEST(ServerOfRoot, WarnsOnceAboutWorkersThatAreRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ServerProcess server(example("hello_c"), {"-w", "2"});
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(server.count_in_log(kWarning), 1U);
}

TEST(ServerOfRoot, DoesNotWarnIfTheUserIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ServerProcess server(example("hello_c"), {"--user", "root"});
  EXPECT_THAT(server.log(), Not(HasSubstr(kWarning)));
}

}  // namespace
}  // namespace alicorn::test
