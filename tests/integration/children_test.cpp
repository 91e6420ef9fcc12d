// Processes that an app starts: they find themselves as in a fresh process, and do the worker no
// harm.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  for (int i = 0; i < 3; ++i) {
    const std::string body = body_of("/spawn");
    // glibc's own two, which it has ignored in whatever posix_spawn starts.
    constexpr std::uint64_t kInternal = 0x180000000;
    EXPECT_THAT(body, HasSubstr("SigBlk:\t0000000000000000\n"));
    const std::uint64_t ignored = std::stoull(body.substr(body.find("SigIgn:") + 8), nullptr, 16);
    EXPECT_EQ(ignored & ~kInternal, 0U) << body;
    EXPECT_THAT(body, HasSubstr("signal 15\n"));
  }
}

TEST_P(ChildrenOfAnApp, AreEndedByASignalWithoutTheWorkersHearingOfIt) {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP, SIGUSR2}) {
    const pid_t child = std::stoi(body_of("/fork"));
    EXPECT_EQ(::kill(child, number), 0);
    EXPECT_TRUE(eventually([&] { return !is_alive(child); })) << number;
  }
  const auto workers = server.workers();
  EXPECT_TRUE(stays([&] { return server.workers() == workers; }, milliseconds(300)));
  EXPECT_EQ(body_of("/print"), "done\n");
}

TEST_P(ChildrenOfAnApp, DoNotComeBackToServe) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(body_of("/return"), "parent\n");
  EXPECT_TRUE(server.logs("a process that the app has forked has come back from its callback", 5));
  EXPECT_EQ(body_of("/print"), "done\n");
}

/// Whoever sends a signal to the process group means the master.
TEST_P(ChildrenOfAnApp, AndWorkersStandSignalsOfTheirMaster) {
  const auto workers = server.workers();
  for (const pid_t worker : workers) {
    for (const int number : {SIGHUP, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH, SIGPIPE, SIGXFSZ}) {
      ::kill(worker, number);
    }
  }
  EXPECT_TRUE(stays([&] { return server.workers() == workers; }, milliseconds(300)));
  EXPECT_EQ(body_of("/print"), "done\n");
}

TEST_P(ChildrenOfAnApp, StandardStreamsAreNeverAClients) {
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
