// reuse_port: each worker has a listening socket of its own, and none of them is ever without a
// worker.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::PrintToString;

constexpr int kWorkers = 3;
/// So many clients that each socket has some of them: all of them miss one in 10^10 runs.
constexpr int kClients = 60;

/// In all epoll sets of the process.
std::size_t descriptors_waited_for(pid_t pid) {
  std::size_t count = 0;
  std::error_code error;
  const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fdinfo";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) count += line.starts_with("tfd:") ? 1U : 0U;
  }
  return count;
}

class ReusePort : public ::testing::Test {
 protected:
  /// New clients, each with a request. The answer names the worker.
  std::vector<std::unique_ptr<RawClient>> ask_by_many() {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.push_back(std::make_unique<RawClient>(server.address()));
      clients.back()->send(get("/"));
    }
    return clients;
  }
  std::set<std::string> answers_to(const std::vector<std::unique_ptr<RawClient>>& clients) {
    std::set<std::string> bodies;
    for (const auto& client : clients) {
      const Response response = client->read_response();
      EXPECT_EQ(response.status, 200) << response.problem;
      bodies.insert(response.body);
    }
    return bodies;
  }
  /// A worker that starts serves all sockets that have no worker yet, and gives them up later.
  bool each_has_its_socket() {
    return eventually([this] {
      std::set<std::size_t> numbers;
      for (const pid_t worker : server.workers()) numbers.insert(descriptors_waited_for(worker));
      return numbers.size() == 1 && *numbers.begin() > 0;
    });
  }
  bool all_serve() {
    return eventually([this] { return answers_to(ask_by_many()).size() == kWorkers; });
  }

  ServerProcess server{test_app("preloaded"), {"-w", std::to_string(kWorkers), "--reuse-port"}};
};

TEST_F(ReusePort, SpreadsTheClientsOverTheWorkers) {
  EXPECT_TRUE(all_serve());
  EXPECT_EQ(server.count_in_log("listening at http://" + server.address().text() + " ("), 1U)
      << "the address is named once";
}

TEST_F(ReusePort, TheOthersServeTheSocketOfAWorkerThatStandsStill) {
  ASSERT_TRUE(each_has_its_socket());
  ASSERT_TRUE(all_serve());
  const pid_t stopped = server.workers().front();
  ::kill(stopped, SIGSTOP);
  const auto clients = ask_by_many();
  // All but those that the worker had taken before it stopped, of which there are none here.
  EXPECT_EQ(answers_to(clients).size(), std::size_t{kWorkers - 1});
  ::kill(stopped, SIGCONT);
  EXPECT_TRUE(all_serve());
}

TEST_F(ReusePort, MoreWorkersThanSocketsShareThem) {
  ASSERT_TRUE(all_serve());
  server.signal(SIGTTIN);
  EXPECT_TRUE(eventually([this] { return server.workers().size() == kWorkers + 1; }));
  EXPECT_TRUE(eventually([this] { return answers_to(ask_by_many()).size() == kWorkers + 1; }));
  for (std::size_t left = kWorkers; left > 0; --left) {
    server.signal(SIGTTOU);
    EXPECT_TRUE(eventually([&] { return server.workers().size() == left; }));
  }
  EXPECT_EQ(answers_to(ask_by_many()).size(), 1U);
}

class ReusePortUnderLoad : public ::testing::Test {
 protected:
  ReusePortUnderLoad() {
    Load::Shape shape;
    shape.newcomers = 4;
    load = std::make_unique<Load>(server.address(), shape);
    EXPECT_TRUE(load->goes_on());
  }
  void expect_nothing_lost() {
    EXPECT_TRUE(load->goes_on());
    const LoadReport report = load->stop();
    EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
    EXPECT_EQ(report.refused, 0U);
  }

  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  ServerProcess server{example("hello_c"),
                       {"-w", std::to_string(kWorkers), "--reuse-port", "--pidfile", pidfile}};
  std::unique_ptr<Load> load;
};

TEST_F(ReusePortUnderLoad, ReloadsAndFewerWorkersLoseNothing) {
  for (std::size_t i = 1; i <= 3; ++i) {
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", i + 1));
  }
  server.signal(SIGTTOU);
  EXPECT_TRUE(eventually([this] { return server.workers().size() == kWorkers - 1; }));
  expect_nothing_lost();
}

TEST_F(ReusePortUnderLoad, AnUpgradeLosesNothing) {
  server.signal(SIGUSR2);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  expect_nothing_lost();
  ::kill(std::stoi(read_file(pidfile)), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

}  // namespace
}  // namespace alicorn::test
