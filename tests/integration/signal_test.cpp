// The operator's signals while clients are served: whatever is asked of the server, no request is
// lost.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::Each;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::PrintToString;

/// The last one: more keep-alive clients than threads, with handlers that block, and new clients
/// beside them.
enum class Clients { kKeepAlive, kNewConnections, kNewBesideBusy };

std::string name_of(const ::testing::TestParamInfo<Clients>& info) {
  switch (info.param) {
    case Clients::kKeepAlive:
      return "KeepAlive";
    case Clients::kNewConnections:
      return "NewConnections";
    case Clients::kNewBesideBusy:
      return "NewBesideBusy";
  }
  return {};
}

class SignalUnderLoad : public ::testing::TestWithParam<Clients> {
 protected:
  void start(Arguments arguments, bool until_refused = false) {
    arguments.insert(arguments.end(), {"-w", "2"});
    Load::Shape shape;
    shape.keep_alive = GetParam() != Clients::kNewConnections;
    shape.stop_when_refused = until_refused;
    if (GetParam() == Clients::kNewBesideBusy) {
      shape.clients = 6;
      shape.newcomers = 2;
      shape.target = "/sleep?ms=3";
      shape.expected_body = "awake\n";
      server = std::make_unique<ServerProcess>(test_app("slow"), arguments);
    } else {
      server = std::make_unique<ServerProcess>(example("hello_c"), arguments);
    }
    load = std::make_unique<Load>(server->address(), shape);
    ASSERT_TRUE(load->goes_on());
  }
  void expect_nothing_lost() {
    const LoadReport report = load->stop();
    EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
    EXPECT_GT(report.answered, 200U);
    EXPECT_THAT(load->answered_each(), Each(Gt(0U)));
  }
  bool has_new_workers(const std::vector<pid_t>& before, std::size_t count) const {
    return eventually([&] {
      const std::vector<pid_t> now = server->workers();
      const bool any_old = std::any_of(now.begin(), now.end(), [&](pid_t pid) {
        return std::find(before.begin(), before.end(), pid) != before.end();
      });
      return now.size() == count && !any_old;
    });
  }

  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<Load> load;
};

INSTANTIATE_TEST_SUITE_P(, SignalUnderLoad,
                         ::testing::Values(Clients::kKeepAlive, Clients::kNewConnections,
                                           Clients::kNewBesideBusy),
                         name_of);

TEST_P(SignalUnderLoad, HupReplacesTheWorkers) {
  start({});
  for (std::size_t i = 0; i < 3; ++i) {
    const auto before = server->workers();
    server->signal(SIGHUP);
    EXPECT_TRUE(server->logs("workers in place", i + 2));
    EXPECT_TRUE(has_new_workers(before, 2));
    EXPECT_TRUE(load->goes_on());
  }
  expect_nothing_lost();
}

TEST_P(SignalUnderLoad, TtinAndTtouChangeTheNumberOfWorkers) {
  start({});
  const auto count_becomes = [&](std::size_t count) {
    return eventually([&] { return server->workers().size() == count; });
  };
  server->signal(SIGTTIN);
  EXPECT_TRUE(count_becomes(3));
  server->signal(SIGTTIN);
  EXPECT_TRUE(count_becomes(4));
  EXPECT_TRUE(load->goes_on());
  for (const std::size_t count : {3U, 2U, 1U}) {
    server->signal(SIGTTOU);
    EXPECT_TRUE(count_becomes(count));
  }
  server->signal(SIGTTOU);
  EXPECT_TRUE(load->goes_on());
  EXPECT_EQ(server->workers().size(), 1U) << "never below one";
  expect_nothing_lost();
}

TEST_P(SignalUnderLoad, TermFinishesRequestsThatHaveArrived) {
  start({}, true);
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server->nothing_is_left());
  EXPECT_TRUE(eventually([&] { return load->is_over(); }));
  expect_nothing_lost();
}

TEST_P(SignalUnderLoad, TermFinishesRequestsThatHaveArrivedAtAUnixSocket) {
  const TemporaryFolder folder;
  start({"-b", "unix:" + (folder / "app.sock")}, true);
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return load->is_over(); }));
  expect_nothing_lost();
}

TEST_P(SignalUnderLoad, Usr1ReopensTheLogs) {
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  const std::string error = folder / "error.log";
  start({"--access-logfile", access, "--error-logfile", error});
  std::filesystem::rename(access, access + ".1");
  std::filesystem::rename(error, error + ".1");
  server->signal(SIGUSR1);
  EXPECT_TRUE(
      eventually([&] { return read_file(error).find("logs reopened") != std::string::npos; }));
  EXPECT_TRUE(eventually([&] { return !read_file(access).empty(); }));
  // Once all workers have switched, nothing is written to the old file.
  std::size_t old_size = 0;
  EXPECT_TRUE(eventually([&] {
    const std::size_t before = std::exchange(old_size, read_file(access + ".1").size());
    return load->goes_on(50) && before == old_size;
  }));
  const LoadReport report = load->stop();
  EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
  server->signal(SIGTERM);
  EXPECT_TRUE(server->wait_for_end());
  const std::string lines = read_file(access + ".1") + read_file(access);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), report.answered) << "not a line is lost";
}

TEST_P(SignalUnderLoad, MaxRequestsReplacesWorkersWithoutLoss) {
  start({"--max-requests", "100", "--max-requests-jitter", "50"});
  EXPECT_TRUE(server->logs("is to be replaced", 6));
  EXPECT_TRUE(load->goes_on());
  expect_nothing_lost();
}

TEST(Signal, WinchStopsTheWorkersUntilHup) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  server.signal(SIGWINCH);
  EXPECT_TRUE(eventually([&] { return server.workers().empty(); }));
  RawClient early(server.address());
  early.send(get("/"));
  server.signal(SIGHUP);
  EXPECT_EQ(early.read_response().status, 200) << "it waited in the queue";
}

TEST(Signal, HupToTheWholeGroupHarmsNoWorker) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  ::kill(-server.pid(), SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(server.count_in_log("was killed"), 0U);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(Signal, IntAndQuitStopAtOnce) {
  for (const int number : {SIGINT, SIGQUIT}) {
    ServerProcess server(test_app("slow"), {"--graceful-timeout", "60"});
    RawClient idle(server.address());
    EXPECT_EQ(idle.request(get("/")).status, 200);
    RawClient busy(server.address());
    busy.send(get("/sleep?ms=60000"));
    server.signal(number);
    const auto ending = server.wait_for_end(milliseconds(8000));
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->exit_code, 0);
    EXPECT_TRUE(server.nothing_is_left());
  }
}

TEST(Signal, TermEndsASleepingWorkerAtGracefulTimeout) {
  ServerProcess server(test_app("slow"), {"--graceful-timeout", "1"});
  RawClient busy(server.address());
  busy.send(get("/sleep?ms=60000"));
  EXPECT_FALSE(busy.receives("H", milliseconds(100)));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end(milliseconds(6000)).value_or(Ending{}).exit_code, 0);
  EXPECT_THAT(server.log(), HasSubstr("graceful_timeout: leaving with work unfinished"));
}

TEST(Signal, TermWaitsForASlowAnswer) {
  ServerProcess server(test_app("slow"), {"--graceful-timeout", "20"});
  RawClient busy(server.address());
  RawClient idle(server.address());
  EXPECT_EQ(idle.request(get("/")).status, 200);
  busy.send(get("/sleep?ms=1500"));
  EXPECT_FALSE(busy.receives("H", milliseconds(200)));
  server.signal(SIGTERM);
  EXPECT_TRUE(server.logs("stopping"));
  const Response response = busy.read_response();
  EXPECT_EQ(response.status, 200) << response.problem;
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
}

TEST(Signal, ToASingleWorkerDoesTheServerNoHarm) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  const auto before = server.workers();
  ASSERT_EQ(before.size(), 2U);
  ::kill(before[0], SIGTERM);
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 2 &&
           std::find(workers.begin(), workers.end(), before[0]) == workers.end();
  }));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
