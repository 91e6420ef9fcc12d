// Requests wait in one queue, whichever worker has their connections.
#include "tests/support/eventually.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

class OneQueue : public ::testing::TestWithParam<bool> {
 protected:
  void start(Arguments arguments) {
    arguments.insert(arguments.end(),
                     {"-b", GetParam() ? "unix:" + (folder / "app.sock") : "127.0.0.1:0",
                      "--control-socket", folder / "control"});
    server = std::make_unique<ServerProcess>(test_app("slow"), arguments);
    for (int i = 0; i < 12; ++i) {
      clients.push_back(std::make_unique<RawClient>(server->address()));
      EXPECT_EQ(clients.back()->request(get("/")).status, 200);
    }
  }
  std::string status() {
    return run_command({ALICORN_BINARY, "ctl", "--socket", folder / "control", "status"}).output;
  }

  const TemporaryFolder folder;
  std::unique_ptr<ServerProcess> server;
  std::vector<std::unique_ptr<RawClient>> clients;
};

INSTANTIATE_TEST_SUITE_P(, OneQueue, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Unix" : "Tcp"; });

/// The connections of all clients but one in three belong to workers that are busy.
TEST_P(OneQueue, ARequestDoesNotWaitWhileAThreadIsFree) {
  start({"-w", "3"});
  for (int i = 0; i < 2; ++i) clients[static_cast<std::size_t>(i)]->send(get("/sleep?ms=3000"));
  EXPECT_FALSE(clients[0]->receives("H", milliseconds(100)));
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 2; i < clients.size(); ++i) {
      EXPECT_EQ(clients[i]->request(get("/")).status, 200);
    }
  }
  EXPECT_FALSE(clients[0]->receives("H", milliseconds(0))) << "nobody has waited for it";
  EXPECT_EQ(clients[0]->read_response().status, 200);
  EXPECT_EQ(clients[1]->read_response().status, 200);
  EXPECT_THAT(status(), ::testing::ContainsRegex("12 open, [1-9][0-9]* handed over"));
}

TEST_P(OneQueue, ARequestThatWaitsIsFetchedByTheFirstThreadThatBecomesFree) {
  start({"-w", "2"});
  clients[0]->send(get("/sleep?ms=3000"));
  EXPECT_FALSE(clients[0]->receives("H", milliseconds(50)));
  clients[1]->send(get("/sleep?ms=300"));
  for (std::size_t i = 2; i < clients.size(); ++i) clients[i]->send(get("/"));
  for (std::size_t i = 1; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->read_response().status, 200);
  }
  EXPECT_FALSE(clients[0]->receives("H", milliseconds(0)));
  EXPECT_EQ(clients[0]->read_response().status, 200);
}

TEST_P(OneQueue, AThreadThatHangsHoldsUpNobody) {
  start({"-w", "2", "--timeout", "1"});
  clients[0]->send(get("/sleep?ms=20000"));
  const std::size_t others = clients.size();
  EXPECT_TRUE(eventually([&] {
    for (std::size_t i = 1; i < others; ++i) {
      const Response response = clients[i]->request(get("/"));
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.field("connection"), "");
    }
    return server->count_in_log("is to be replaced") > 0;
  }));
  EXPECT_EQ(clients[0]->read_response().status, 504);
}

/// A worker that came later has no connections at first.
TEST_P(OneQueue, IdleConnectionsGoToWorkersThatHaveFewer) {
  start({"-w", "1"});
  for (int i = 0; i < 28; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->address()));
    EXPECT_EQ(clients.back()->request(get("/")).status, 200);
  }
  server->signal(SIGTTIN);
  EXPECT_TRUE(eventually([&] { return server->workers().size() == 2; }));
  const auto is_even = [&] {
    const std::string text =
        run_command({ALICORN_BINARY, "ctl", "--socket", folder / "control", "status"}).output;
    return ::testing::Matches(::testing::ContainsRegex("40 open, 1[5-9] handed over"))(text);
  };
  EXPECT_TRUE(eventually(is_even)) << status();
  for (const auto& client : clients) EXPECT_EQ(client->request(get("/")).status, 200);
}

TEST_P(OneQueue, SwitchedOffWorkersAreStrictlyApart) {
  start({"-w", "2", "--no-hand-over"});
  clients[0]->send(get("/sleep?ms=1000"));
  EXPECT_FALSE(clients[0]->receives("H", milliseconds(50)));
  for (std::size_t i = 1; i < clients.size(); ++i) clients[i]->send(get("/"));
  for (const auto& client : clients) EXPECT_EQ(client->read_response().status, 200);
  EXPECT_THAT(status(), ::testing::HasSubstr("12 open, 0 handed over"));
}

}  // namespace
}  // namespace alicorn::test
