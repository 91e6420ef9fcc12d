// What the ABI promises of a call: FINISHED and each release once, whatever becomes of the client;
// tokens that are refused; after_response after the response.
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string>

#include <unistd.h>

namespace alicorn::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

WorkerSettings probe() {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/tests/apps/probe.so";
  return settings;
}

class AppCallTest : public ::testing::Test {
 protected:
  void start(WorkerSettings settings = probe()) { worker.emplace(std::move(settings)); }
  std::string ask(const std::string& target, const std::string& end = "\n") {
    ClientEnd client = worker->connect();
    client.send(get(target));
    client.read_through("\r\n\r\n");
    return client.read_through(end);
  }
  bool counts_become(const std::string& expected) {
    std::string counts;
    const bool became = eventually([&] {
      counts = ask("/counts");
      return counts.find(expected) != std::string::npos;
    });
    EXPECT_TRUE(became) << counts;
    return became;
  }
  void wait_for_calls(std::uint32_t count) {
    EXPECT_TRUE(eventually([&] {
      std::uint32_t in_use = 0;
      worker->on_loop([&] { in_use = worker->app().calls().in_use(); });
      return in_use == count;
    }));
  }

  std::optional<WorkerHarness> worker;
};

TEST_F(AppCallTest, FinishesAndReleasesOnce) {
  start();
  ClientEnd client = worker->connect();
  client.send(get("/defer"));
  wait_for_calls(1);
  EXPECT_EQ(ask("/complete"), "own\n");
  client.read_through("\r\n\r\n");
  EXPECT_EQ(client.read_through("\n"), "deferred\n");
  wait_for_calls(0);
  EXPECT_TRUE(counts_become("calls=2 finished=1 cancelled=0 released=2 after=0 readable=0"));
}

TEST_F(AppCallTest, FinishesAndReleasesOnceForAClientThatHasLeft) {
  start();
  ClientEnd client = worker->connect();
  client.send(get("/defer"));
  wait_for_calls(1);
  client.close();
  wait_for_calls(0);
  EXPECT_TRUE(counts_become("calls=1 finished=1 cancelled=1 released=1"));
}

TEST_F(AppCallTest, HearsOfEventsWhileItResumesItself) {
  WorkerSettings settings = probe();
  settings.app_path = ALICORN_BINARY_DIR "/tests/apps/stalls.so";
  start(std::move(settings));
  ClientEnd client = worker->connect();
  client.send(get("/busy"));
  wait_for_calls(1);
  client.close();
  wait_for_calls(0);
}

TEST_F(AppCallTest, FinishesAndReleasesOnceAfterItsDeadline) {
  WorkerSettings settings = probe();
  settings.deadlines.request = milliseconds(50);
  start(std::move(settings));
  ClientEnd client = worker->connect();
  client.send(get("/defer"));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  wait_for_calls(0);
  EXPECT_TRUE(counts_become("calls=1 finished=1 cancelled=1 released=1"));
}

TEST_F(AppCallTest, FinishesAndReleasesOnceInADrain) {
  start();
  ClientEnd client = worker->connect();
  client.send(get("/defer"));
  wait_for_calls(1);
  worker->on_loop([&] {
    worker->app().calls().for_each_in_use([](AppCall& call) { call.cancel(ALICORN_CANCEL_DRAIN); });
  });
  client.read_through("\r\n\r\n");
  EXPECT_EQ(client.read_through("\n"), "cancelled\n");
  wait_for_calls(0);
  EXPECT_TRUE(counts_become("calls=1 finished=1 cancelled=1 released=1"));
}

TEST_F(AppCallTest, IsCompletedOnlyOnce) {
  start();
  EXPECT_EQ(ask("/twice"), "deferred\n");
  EXPECT_TRUE(counts_become("finished=1 cancelled=0 released=2 after=0 readable=0 refused=-2"));
}

TEST_F(AppCallTest, IsFinishedByAnEndThatComesTooEarlyAndTwice) {
  start();
  ClientEnd client = worker->connect();
  client.send(get("/short"));
  EXPECT_THAT(client.read_through("Server Error\n"), StartsWith("HTTP/1.1 500 "));
  wait_for_calls(0);
  EXPECT_TRUE(counts_become("finished=1 cancelled=0 released=1 after=0 readable=0 refused=-4"));
}

TEST_F(AppCallTest, IsToldOfRoomAlsoWhenItDefersAfterTheAnswerWasFull) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/tests/apps/loop_app.so";
  start(std::move(settings));
  ClientEnd client = worker->connect();
  client.send(get("/fill"));
  EXPECT_THAT(client.read_through("0\r\n\r\n"), EndsWith("the end\r\n0\r\n\r\n"));
}

TEST_F(AppCallTest, IsNotCompletedByTheTokenOfAnEarlierRequest) {
  start();
  EXPECT_EQ(ask("/twice"), "deferred\n");
  ClientEnd client = worker->connect();
  client.send(get("/defer"));
  wait_for_calls(1);
  EXPECT_EQ(ask("/complete"), "own\n");
  client.read_through("deferred\n");
  wait_for_calls(0);
  // The token is the last one's still; its call serves this very request.
  EXPECT_EQ(ask("/complete"), "own\n");
  EXPECT_TRUE(counts_become("calls=4 finished=2 cancelled=0 released=6"));
  EXPECT_THAT(ask("/counts"), HasSubstr("refused=-2"));
}

TEST_F(AppCallTest, HasATokenThatDoesNotComeAgain) {
  start();
  const CallTable& calls = worker->app().calls();
  constexpr std::uint64_t kGeneration = (std::uint64_t{1} << 40) + 7;
  const CallTokens& tokens = calls.tokens();
  EXPECT_EQ(tokens.generation(tokens.token(63, kGeneration)), kGeneration);
  EXPECT_NE(tokens.token(5, 7), tokens.token(5, kGeneration));
  EXPECT_EQ(ask("/own"), "own\n");
  EXPECT_NE(calls.find(tokens.token(0, kGeneration)), nullptr);
  EXPECT_EQ(calls.find(tokens.token(63, 1)), nullptr) << "no call was ever made for it";
  EXPECT_EQ(calls.find(0), nullptr);
}

TEST_F(AppCallTest, DropsThePiecesOfAResponseWithoutABody) {
  start();
  ClientEnd client = worker->connect();
  client.send(get("/begin?205") + get("/begin?200"));
  const std::string reset = client.read_through("\r\n\r\n");
  EXPECT_THAT(reset, StartsWith("HTTP/1.1 205 "));
  EXPECT_THAT(reset, HasSubstr("\r\nContent-Length: 0\r\n"));
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(client.read_through("0\r\n\r\n"), "8\r\none\ntwo\n\r\n0\r\n\r\n");
  EXPECT_TRUE(counts_become("released=6"));
}

TEST_F(AppCallTest, RunsAfterResponseWhenAPipelinedResponseHasLeft) {
  start();
  ClientEnd client = worker->connect();
  client.send(get("/after?" + std::to_string(client.fd())) + get("/own"));
  EXPECT_TRUE(counts_become("after=1"));
  EXPECT_THAT(ask("/counts"), ::testing::Not(HasSubstr("readable=0")));
  client.read_through("own\n");
  EXPECT_THAT(client.read_through("own\n"), StartsWith("HTTP/1.1 200 "));
}

/// A release may want a lock that another thread holds while it calls the host.
TEST_F(AppCallTest, ReleasesTheDataOfAFailedResponseWithoutALock) {
  start();
  std::array<int, 2> sockets{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  ClientEnd client = worker->connect();
  client.send(get("/fail?" + std::to_string(sockets[0])));
  char byte = 0;
  ASSERT_EQ(::read(sockets[1], &byte, 1), 1) << "the release runs";
  const alicorn_host& host = worker->app().table();
  const alicorn_token token = worker->app().calls().tokens().token(0, 1);
  EXPECT_EQ(host.cancelled(&host, token), ALICORN_ERROR_GONE);
  EXPECT_EQ(::write(sockets[1], &byte, 1), 1);
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_TRUE(counts_become("released=1"));
  ::close(sockets[0]);
  ::close(sockets[1]);
}

class AppCallThatWaits : public AppCallTest {
 protected:
  AppCallThatWaits() {
    EXPECT_EQ(::pipe(pipe.data()), 0);
    start();
    first.emplace(worker->connect());
    first->send(get("/wait?" + std::to_string(pipe[0])));
    EXPECT_TRUE(eventually([&] {
      bool late = false;
      worker->on_loop([&] { late = worker->executor().saturated(); });
      return late;
    }));
  }
  ~AppCallThatWaits() override {
    worker.reset();  // its app reads from the pipe
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  void let_the_first_go() {
    EXPECT_EQ(::write(pipe[1], "x", 1), 1);
    first->read_through("own\n");
  }
  void wait_for_connections(std::size_t count) {
    EXPECT_TRUE(eventually([&] {
      std::size_t open = 0;
      worker->on_loop([&] { open = worker->connections().size(); });
      return open == count;
    }));
  }

  std::array<int, 2> pipe{};
  std::optional<ClientEnd> first;
};

TEST_F(AppCallThatWaits, ForAThreadIsDroppedWithItsClient) {
  ClientEnd second = worker->connect();
  second.send(get("/own"));
  wait_for_calls(2);
  second.close();
  wait_for_connections(1);
  let_the_first_go();
  EXPECT_TRUE(counts_become("calls=1 finished=0"));
}

TEST_F(AppCallThatWaits, ForAThreadIsServedToAClientThatHasHalfClosed) {
  ClientEnd second = worker->connect();
  second.send(get("/own"));
  ::shutdown(second.fd(), SHUT_WR);
  wait_for_calls(2);
  let_the_first_go();
  EXPECT_THAT(second.read_to_end(), ::testing::EndsWith("own\n"));
}

}  // namespace
}  // namespace alicorn::test
