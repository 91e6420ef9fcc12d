// A worker that leaves hands its clients to others, so their connections outlive it.
#include "tests/support/eventually.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using Clients = std::vector<std::unique_ptr<RawClient>>;

Clients connected(const Address& address, int count) {
  Clients clients;
  for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<RawClient>(address));
  return clients;
}

/// Each on the connection that it has.
void expect_answers(const Clients& clients) {
  for (const auto& client : clients) {
    const Response response = client->request(get("/"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.field("connection"), "") << "the client is not sent away";
  }
}

class HandOverBetweenWorkers : public ::testing::TestWithParam<bool> {
 protected:
  void start(Arguments arguments, const std::string& app = example("hello_c")) {
    arguments.insert(arguments.end(),
                     {"-b", GetParam() ? "unix:" + (folder / "app.sock") : "127.0.0.1:0"});
    server = std::make_unique<ServerProcess>(app, arguments);
    clients = connected(server->address(), 20);
    expect_answers(clients);
  }
  void reload(std::size_t times) {
    const std::vector<pid_t> old = server->workers();
    server->signal(SIGHUP);
    EXPECT_TRUE(server->logs("workers in place", times + 1));
    EXPECT_TRUE(eventually([&] {
      const std::vector<pid_t> present = server->workers();
      return std::none_of(old.begin(), old.end(), [&](pid_t pid) {
        return std::find(present.begin(), present.end(), pid) != present.end();
      });
    }));
  }

  const TemporaryFolder folder;
  std::unique_ptr<ServerProcess> server;
  Clients clients;
};

INSTANTIATE_TEST_SUITE_P(, HandOverBetweenWorkers, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Unix" : "Tcp"; });

TEST_P(HandOverBetweenWorkers, AReloadClosesNoConnection) {
  start({"-w", "2", "--control-socket", folder / "control"});
  for (std::size_t i = 1; i <= 5; ++i) {
    reload(i);
    expect_answers(clients);
  }
  const auto status =
      run_command({ALICORN_BINARY, "ctl", "--socket", folder / "control", "status"});
  EXPECT_THAT(status.output, ::testing::ContainsRegex("20 open, 1[0-9][0-9] handed over"));
}

/// A client that has been idle for longer than a second is kept in another form.
TEST_P(HandOverBetweenWorkers, AReloadClosesNoConnectionThatRests) {
  start({"-w", "2"});
  EXPECT_FALSE(clients.front()->is_closed(milliseconds(1500)));
  reload(1);
  expect_answers(clients);
}

TEST_P(HandOverBetweenWorkers, ARecycledWorkerClosesNoConnection) {
  start({"-w", "2", "--max-requests", "50"});
  EXPECT_TRUE(eventually([this] {
    expect_answers(clients);
    return server->count_in_log("is to be replaced") >= 5;
  }));
}

TEST_P(HandOverBetweenWorkers, FewerWorkersCloseNoConnection) {
  start({"-w", "3"});
  server->signal(SIGTTOU);
  EXPECT_TRUE(eventually([this] { return server->workers().size() == 2; }));
  expect_answers(clients);
}

TEST_P(HandOverBetweenWorkers, AnUpgradeClosesNoConnection) {
  start({"-w", "2", "--pidfile", folder / "pid"});
  pid_t master = server->pid();
  for (int i = 0; i < 3; ++i) {
    ::kill(master, SIGUSR2);
    EXPECT_TRUE(server->logs("gone, the new master serves", static_cast<std::size_t>(i) + 1));
    expect_answers(clients);
    master = std::stoi(read_file(folder / "pid"));
  }
  ::kill(master, SIGTERM);
  EXPECT_TRUE(server->nothing_is_left());
}

TEST_P(HandOverBetweenWorkers, RequestsBehindTheOneUnderWayAreAnsweredElsewhere) {
  start({"-w", "1"}, test_app("slow"));
  RawClient client(server->address());
  client.send(get("/sleep?ms=500") + get("/") + get("/"));
  EXPECT_TRUE(eventually([this] { return server->workers().size() == 1; }));
  reload(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_response().body, "awake\n") << i;
  EXPECT_EQ(client.request(get("/")).status, 200);
}

TEST_P(HandOverBetweenWorkers, SwitchedOffAReloadClosesIdleConnections) {
  start({"-w", "1", "--no-hand-over"});
  server->signal(SIGHUP);
  EXPECT_TRUE(server->logs("workers in place", 2));
  for (const auto& client : clients) EXPECT_TRUE(client->is_closed());
}

TEST_P(HandOverBetweenWorkers, AWorkerWithoutAMailboxSaysSo) {
  start({"-w", "1"});
  for (std::size_t workers = 2; workers <= 9; ++workers) {
    server->signal(SIGTTIN);
    EXPECT_TRUE(eventually([&] { return server->workers().size() == workers; }));
  }
  EXPECT_TRUE(server->logs("there is no mailbox for this worker"));
  EXPECT_EQ(server->count_in_log("there is no mailbox for this worker"), 1U);
  expect_answers(clients);
}

TEST_P(HandOverBetweenWorkers, AStopClosesThem) {
  start({"-w", "2"});
  server->signal(SIGTERM);
  for (const auto& client : clients) EXPECT_TRUE(client->is_closed());
  EXPECT_EQ(server->wait_for_end().value_or(Ending{}).exit_code, 0);
}

}  // namespace
}  // namespace alicorn::test
