// The callbacks in an app's life within a worker, and their order.
#include "tests/support/installed_app.hpp"
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> calls_in(const std::string& log) {
  constexpr std::string_view kMark = "lifecycle: ";
  std::vector<std::string> calls;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(kMark);
    if (at != std::string::npos) calls.push_back(line.substr(at + kMark.size()));
  }
  return calls;
}

TEST(Lifecycle, CallsTheCallbacksInOrder) {
  ServerProcess server(test_app("lifecycle"), {"-w", "1"});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  server.signal(SIGTERM);
  ASSERT_TRUE(server.wait_for_end());
  EXPECT_THAT(calls_in(server.log()),
              ElementsAre("preload", "worker_init after preload", "thread_init", "ready", "drain",
                          "thread_exit", "worker_exit"));
}

class AppThreads : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(, AppThreads, ::testing::Values(1, 4, 16),
                         ::testing::PrintToStringParamName());

/// Short and blocking calls, more of them than threads: the loop changes hands again and again.
TEST_P(AppThreads, RunEveryCallback) {
  ServerProcess server(test_app("threads"), {"-w", "1", "--threads", std::to_string(GetParam())});
  {
    const Load quick(server.address(), {.clients = 4, .target = "/", .expected_body = "done\n"});
    const Load slow(
        server.address(),
        {.clients = GetParam() + 2, .target = "/sleep?ms=5", .expected_body = "done\n"});
    EXPECT_TRUE(quick.goes_on(500));
    EXPECT_TRUE(slow.goes_on(200));
  }
  EXPECT_EQ(ask(server.address(), get("/report")).body,
            std::to_string(GetParam()) + " threads, 0 strangers\n");
}

/// First the main thread is late, so that another thread leads. Then one more thread is stuck, and
/// the main thread is back when the worker leaves.
TEST(Lifecycle, KeepsEverythingThatAStuckThreadUses) {
  ServerProcess server(test_app("lifecycle"), {"-w", "1", "--threads", "3", "--graceful-timeout",
                                               "0.2", "--access-logfile", "access.log"});
  RawClient late(server.address()), stuck(server.address());
  late.send(get("/sleep?ms=300"));
  EXPECT_FALSE(late.receives("H", milliseconds(50)));
  stuck.send(get("/sleep?ms=60000"));
  EXPECT_EQ(late.read_response().status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(stuck.read_response().status, 503);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_EQ(server.count_in_log("lifecycle: worker_exit"), 0U);
  EXPECT_EQ(server.count_in_log("lifecycle: thread_exit"), 1U) << "of the one that was free";
  EXPECT_EQ(server.count_in_log("without its worker_exit"), 1U);
  EXPECT_THAT(read_file(server.file("access.log")), ::testing::HasSubstr("GET /sleep?ms=60000"));
}

TEST(Lifecycle, LetsReadyReturnBeforeTheWorkerLeaves) {
  InstalledApp app{example("hello_c")};
  ServerProcess server(app.path(), {"-w", "1"});
  std::ofstream(server.file("slow")).flush();
  app.replace_by(test_app("unready"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("unready: asked"));
  server.signal(SIGTERM);
  ASSERT_TRUE(server.wait_for_end());
  EXPECT_EQ(server.count_in_log("unready: worker_exit"), 1U);
}

TEST(Lifecycle, LoadsOnceInEveryWorker) {
  ServerProcess server(test_app("lifecycle"), {"-w", "3"});
  EXPECT_EQ(server.count_in_log("lifecycle: preload"), 3U);
  EXPECT_EQ(server.count_in_log("lifecycle: worker_init after preload"), 3U);
}

TEST(Lifecycle, InheritsAStateThatIsNotSet) {
  ServerProcess server(test_app("state_of_preload"), {"-w", "1"});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
