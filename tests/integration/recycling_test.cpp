// Workers that are replaced because of their age, size or number of requests: the service keeps all
// its workers meanwhile, and loses nothing.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::PrintToString;

class Recycling : public ::testing::Test {
 protected:
  /// Waits until that many workers were replaced, none of them before its successor was there.
  static void expect_replacements(const ServerProcess& server, const std::string& reason,
                                  const Load::Shape& shape) {
    constexpr std::size_t kReplacements = 3;
    Load load(server.address(), shape);
    std::size_t fewest = 1000;
    EXPECT_TRUE(eventually([&] {
      fewest = std::min(fewest, server.workers().size());
      return server.count_in_log("is to be replaced, and its replacement is ready") >=
             kReplacements;
    }));
    EXPECT_EQ(fewest, 2U);
    EXPECT_GE(server.count_in_log("asks to be replaced reason=" + reason), kReplacements);
    EXPECT_TRUE(load.goes_on());
    const LoadReport report = load.stop();
    EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
  }
};

TEST_F(Recycling, ReplacesAWorkerThatHasGrown) {
  const ServerProcess server(test_app("leaks"), {"-w", "2", "--max-worker-rss", "200MiB"});
  Load::Shape shape;
  shape.expected_body = "leaks\n";
  expect_replacements(server, "\"max_worker_rss: ", shape);
}

TEST_F(Recycling, ReplacesAWorkerThatIsOld) {
  const ServerProcess server(example("hello_c"), {"-w", "2", "--max-worker-age", "1"});
  expect_replacements(server, "max_worker_age", {});
}

/// Clients without think time. The access log counts the requests of each worker that has left; the
/// test counts the processes.
class MaxRequests : public ::testing::TestWithParam<bool> {};

TEST_P(MaxRequests, AreExceededByHalfAtMostAndNothingIsLost) {
  constexpr std::uint64_t kNumber = 400;
  constexpr std::size_t kWorkers = 4, kReplacements = 24;
  const ServerProcess server(
      test_app("slow"), {"-w", std::to_string(kWorkers), "--max-requests", std::to_string(kNumber),
                         "--access-logfile", "access.log", "--access-logformat", "pid=%(p)s"});
  Load::Shape shape;
  shape.keep_alive = GetParam();
  shape.clients = 8;
  shape.target = "/sleep?ms=2";
  shape.expected_body = "awake\n";
  Load load(server.address(), shape);
  std::size_t most = 0, fewest = kWorkers;
  EXPECT_TRUE(eventually([&] {
    const std::size_t processes = server.workers().size();
    most = std::max(most, processes);
    fewest = std::min(fewest, processes);
    return server.count_in_log("is to be replaced, and its replacement is ready") >= kReplacements;
  }));
  const LoadReport report = load.stop();
  EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
  EXPECT_LE(most, 2 * kWorkers);
  EXPECT_GE(fewest, kWorkers);
  std::map<std::string, std::uint64_t> served;
  std::istringstream lines(read_file(server.file("access.log")));
  for (std::string line; std::getline(lines, line);) ++served[line];
  for (const auto& [pid, requests] : served) EXPECT_LE(requests, kNumber * 3 / 2) << pid;
}

INSTANTIATE_TEST_SUITE_P(, MaxRequests, ::testing::Bool(), [](const auto& each) {
  return each.param ? "OverKeepAlive" : "WithAConnectionEach";
});

class LostDeferrals : public ::testing::Test {
 protected:
  /// A client that leaves while its request waits for a thread is not counted. All requests have
  /// run only when one sent after them is answered.
  void fill_the_worker() {
    constexpr std::size_t kCallsMax = 8192, kBatch = 256;
    for (std::size_t sent = 0; sent < kCallsMax; sent += kBatch) {
      if (sent > 0) {
        ASSERT_EQ(ask(server.address(), get("/")).status, 200);
      }
      stay.clear();
      while (stay.size() < kBatch) {
        stay.push_back(std::make_unique<RawClient>(server.address()));
        ASSERT_TRUE(stay.back()->send(get("/lose"))) << sent;
      }
    }
  }

  std::vector<std::unique_ptr<RawClient>> stay;
  const TemporaryFolder folder;
  ServerProcess server{
      test_app("loses"),
      {"-w", "1", "--graceful-timeout", "1", "-b", "unix:" + (folder / "app.sock")}};
};

TEST_F(LostDeferrals, AreNoticedOnceTheyFillAWorker) {
  const auto before = server.workers();
  fill_the_worker();
  // A client that comes before the table is full may be accepted by the worker, and is refused with
  // it.
  EXPECT_TRUE(server.logs("the app has 8192 requests, as many as it may, and completes none"));
  RawClient next(server.address());
  next.send(get("/"));
  EXPECT_EQ(next.read_response().status, 200) << "the replacement has answered";
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 1 && workers != before;
  }));
  EXPECT_EQ(server.count_in_log("and completes none"), 1U);
  EXPECT_EQ(server.count_in_log("asks to be replaced"), 1U);
}

TEST_F(LostDeferrals, LeaveNoQueuedClientUnansweredAtAStop) {
  fill_the_worker();
  RawClient next(server.address());
  next.send(get("/"));
  server.signal(SIGTERM);
  EXPECT_EQ(next.read_response().status, 503);
  EXPECT_TRUE(server.wait_for_end());
}

}  // namespace
}  // namespace alicorn::test
