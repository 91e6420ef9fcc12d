// Processes that an app starts: they start with clean signal settings, and do the worker no harm.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

class ChildrenOfAnApp : public ::testing::TestWithParam<Arguments> {
 protected:
  std::string body_of(const std::string& path) const {
    const Response response = ask(server.address(), get(path));
    EXPECT_EQ(response.status, 200) << response.problem;
    return response.body;
  }

  ServerProcess server{test_app("children"), GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, ChildrenOfAnApp,
                         ::testing::Values(Arguments{"-w", "1"}, Arguments{"-w", "1", "--preload"}),
                         [](const auto& each) {
                           return each.param.size() > 2 ? "Preloading" : "Plain";
                         });

TEST_P(ChildrenOfAnApp, FindNoSignalBlockedOrIgnored) {
  for (const char* path : {"/spawn", "/spawn", "/preload"}) {
    const std::string body = body_of(path);
    // glibc's two internal signals, which it ignores in every process started by posix_spawn
    constexpr std::uint64_t kInternal = 0x180000000;
    EXPECT_THAT(body, HasSubstr("SigBlk:\t0000000000000000\n"));
    const std::uint64_t ignored = std::stoull(body.substr(body.find("SigIgn:") + 8), nullptr, 16);
    EXPECT_EQ(ignored & ~kInternal, 0U) << body;
    EXPECT_THAT(body, HasSubstr("signal 15\n"));
  }
}

TEST_P(ChildrenOfAnApp, AreEndedBySignalsThatDoNotReachTheWorker) {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP, SIGUSR2}) {
    const pid_t child = std::stoi(body_of("/fork"));
    EXPECT_EQ(::kill(child, number), 0);
    EXPECT_TRUE(eventually([&] { return !is_alive(child); })) << number;
  }
  const auto workers = server.workers();
  EXPECT_TRUE(stays([&] { return server.workers() == workers; }, milliseconds(300)));
  EXPECT_EQ(body_of("/print"), "done\n");
}

TEST_P(ChildrenOfAnApp, DoNotReturnToServe) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(body_of("/return"), "parent\n");
  EXPECT_TRUE(server.logs("a process that the app has forked has come back from its callback", 5));
  EXPECT_EQ(body_of("/print"), "done\n");
}

/// An idle process has nothing else to do with signals.
TEST_P(ChildrenOfAnApp, AndZygotesSurviveTheMastersSignals) {
  for (const pid_t child : children_of(server.pid())) {
    const auto workers = server.workers();
    if (std::find(workers.begin(), workers.end(), child) != workers.end()) continue;
    for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGHUP, SIGTTIN, SIGTTOU,
                             SIGWINCH, SIGPIPE, SIGXFSZ}) {
      ::kill(child, number);
    }
    EXPECT_TRUE(stays([&] { return is_alive(child); }, milliseconds(300)));
  }
  server.signal(SIGTTIN);  // the zygote forks another worker
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 2; }));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_EQ(server.log().find("the zygote"), std::string::npos) << server.log();
}

/// A signal to the whole process group is meant for the master.
TEST_P(ChildrenOfAnApp, AndWorkersSurviveTheMastersSignals) {
  const auto workers = server.workers();
  for (const pid_t worker : workers) {
    for (const int number : {SIGHUP, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH, SIGPIPE, SIGXFSZ}) {
      ::kill(worker, number);
    }
  }
  EXPECT_TRUE(stays([&] { return server.workers() == workers; }, milliseconds(300)));
  EXPECT_EQ(body_of("/print"), "done\n");
}

TEST_P(ChildrenOfAnApp, StandardStreamsAreNeverAClientsSocket) {
  EXPECT_EQ(body_of("/close"), "done\n");
  for (int i = 0; i < 4; ++i) {
    RawClient idle(server.address());
    EXPECT_EQ(idle.request(get("/")).status, 200);
    RawClient printing(server.address());
    const Response response = printing.request(get("/print"));
    EXPECT_EQ(response.body, "done\n");
    EXPECT_FALSE(idle.receives("p", milliseconds(50)));
  }
  for (const char* const stream : {"0", "1", "2"}) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(
        "/proc/" + std::to_string(server.workers().back()) + "/fd/" + stream, error);
    EXPECT_EQ(target, "/dev/null");
  }
}

}  // namespace
}  // namespace alicorn::test
