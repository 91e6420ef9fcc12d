// What a worker's clients receive when its app crashes.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;

/// Over TCP, or over a unix socket, as the parameter says.
class ClientsOfACrash : public ::testing::TestWithParam<bool> {
 protected:
  explicit ClientsOfACrash(const Arguments& more = {})
      : server(test_app("crash"), with_listener(more)) {}

  Arguments with_listener(Arguments arguments) const {
    arguments.insert(arguments.end(), {"-w", "1"});
    if (GetParam()) arguments.insert(arguments.end(), {"-b", "unix:" + (folder / "s")});
    return arguments;
  }
  void crash() {
    EXPECT_EQ(killer.request(get("/")).status, 200) << "kept alive";
    EXPECT_EQ(killer.request(get("/crash")).status, 500);
    EXPECT_TRUE(server.logs("was killed by SIGSEGV"));
  }

  TemporaryFolder folder;
  ServerProcess server;
  RawClient killer{server.address()};
  RawClient other{server.address()};
};

class ClientsOfAThreadedCrash : public ClientsOfACrash {
 protected:
  ClientsOfAThreadedCrash() : ClientsOfACrash({"--threads", "4"}) {}
};

TEST_P(ClientsOfACrash, GetAnAnswerToARequestThatTheAppHad) {
  other.send(get("/wait", {"X-Request-Id: waits"}));
  EXPECT_FALSE(other.receives("H", milliseconds(50)));
  crash();
  const Response response = other.read_response();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "500 Internal Server Error\n");
  EXPECT_EQ(other.read_to_end(), "");
  EXPECT_FALSE(other.was_reset());
  EXPECT_THAT(server.log(),
              ContainsRegex("; serving: GET /crash [^;]*; in flight: GET /wait .id waits"));
}

/// A library may call exit; to clients that is the same.
TEST_P(ClientsOfACrash, GetTheSameAnswersIfTheAppCallsExit) {
  for (const std::string path : {"/exit", "/quick-exit"}) {
    RawClient waits(server.address()), idle(server.address()), exits(server.address());
    EXPECT_EQ(idle.request(get("/")).status, 200);
    waits.send(get("/wait", {"X-Request-Id: waits"}));
    EXPECT_FALSE(waits.receives("H", milliseconds(50)));
    EXPECT_EQ(exits.request(get(path)).status, 500);
    EXPECT_EQ(waits.read_response().status, 500);
    EXPECT_FALSE(waits.was_reset());
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  }
  EXPECT_THAT(
      server.log(),
      ContainsRegex("exited with code 0, as its app called exit.. after [^;]*; serving: GET "
                    "/exit [^;]*; in flight: GET /wait .id waits"));
#ifndef __SANITIZE_THREAD__
  EXPECT_THAT(server.log(), ContainsRegex("GET /exit [^\n]* backtrace=\"[^\n\"]*exit_well.0x"));
#endif
}

TEST_P(ClientsOfACrash, GetAnAnswerToAHeadRequestWithoutABody) {
  other.send(request("HEAD", "/wait", {}));
  EXPECT_FALSE(other.receives("H", milliseconds(50)));
  crash();
  EXPECT_EQ(other.read_response(To::kHead).status, 500);
  EXPECT_EQ(other.read_to_end(), "");
}

TEST_P(ClientsOfACrash, GetAnAnswerWhileTheySend) {
  other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" +
             std::string(100'000, 'x'));
  RawClient with_half_a_head(server.address());
  with_half_a_head.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(ask(server.address(), get("/")).status, 200) << "what was sent before has been read";
  crash();
  for (RawClient* client : {&other, &with_half_a_head}) {
    const Response response = client->read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.field("connection"), "close");
    EXPECT_EQ(client->read_to_end(), "");
    EXPECT_FALSE(client->was_reset());
  }
}

TEST_P(ClientsOfACrash, GetNothingBetweenTwoRequests) {
  EXPECT_EQ(other.request(get("/")).status, 200);
  crash();
  EXPECT_EQ(other.read_to_end(), "");
}

TEST_P(ClientsOfACrash, GetAnAnswerToARequestThatNobodyHasRead) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    EXPECT_EQ(clients.back()->request(get("/")).status, 200);
  }
  const pid_t worker = server.workers().at(0);
  ::kill(worker, SIGSTOP);
  for (std::size_t i = 0; i < 9; ++i) clients[i]->send(get(i == 3 ? "/crash" : "/"));
  clients[9]->send(request("HEAD", "/", {}));
  ::kill(worker, SIGCONT);
  for (std::size_t i = 0; i < 10; ++i) {
    const Response response = clients[i]->read_response(i == 9 ? To::kHead : To::kOther);
    if (response.status == 200) continue;  // answered before the crash
    EXPECT_EQ(response.status, i == 3 ? 500 : 503) << response.problem;
    EXPECT_EQ(clients[i]->read_to_end(), "");
    EXPECT_FALSE(clients[i]->was_reset());
  }
}

TEST_P(ClientsOfACrash, GetTheAnswersFinishedBeforeTheCrash) {
  killer.send(get("/") + get("/") + get("/crash") + get("/"));
  EXPECT_EQ(killer.read_response().body, "alive\n");
  EXPECT_EQ(killer.read_response().body, "alive\n");
  EXPECT_EQ(killer.read_response().status, 500);
  EXPECT_EQ(killer.read_to_end(), "");
  EXPECT_FALSE(killer.was_reset());
}

TEST_P(ClientsOfACrash, LearnWhetherTheAppHadTheirRequest) {
  other.send(get("/block"));
  EXPECT_FALSE(other.receives("H", milliseconds(50)));
  killer.send(get("/"));
  EXPECT_FALSE(killer.receives("H", milliseconds(50))) << "no thread is free";
  ::kill(server.workers().at(0), SIGSEGV);
  EXPECT_EQ(other.read_response().status, 500);
  const Response response = killer.read_response();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.field("retry-after"), "1");
}

TEST_P(ClientsOfAThreadedCrash, AreServedByTheNextWorkerIfTheyComeLater) {
  EXPECT_EQ(killer.request(get("/")).status, 200);
  // The body keeps the crash handler busy: it reads what an answered client still sends.
  other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" +
             std::string(100'000, 'x'));
  std::thread sender([&] {
    while (other.send("xxxx")) continue;
  });
  EXPECT_EQ(killer.request(get("/crash")).status, 500);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send(get("/slowly"));
  }
  for (const auto& client : clients) EXPECT_EQ(client->read_response().status, 200);
  sender.join();
}

INSTANTIATE_TEST_SUITE_P(Sockets, ClientsOfACrash, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Unix" : "Tcp"; });
INSTANTIATE_TEST_SUITE_P(Sockets, ClientsOfAThreadedCrash, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Unix" : "Tcp"; });

}  // namespace
}  // namespace alicorn::test
