// `timeout`: a callback of the app that holds its thread without a sign of life. Its client gets an
// answer, the log gets its stack, and the worker is replaced. A callback that makes progress may
// take any time.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

bool replaces(const ServerProcess& server, const std::vector<pid_t>& workers) {
  return eventually([&] { return server.workers().size() == 1 && server.workers() != workers; });
}

class SilentCallback : public ::testing::Test {
 protected:
  void start(const std::string& app, const Arguments& more = {}) {
    Arguments arguments{"-w", "1", "--timeout", "0.5", "--graceful-timeout", "0.2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server = std::make_unique<ServerProcess>(test_app(app), arguments);
    before = server->workers();
  }

  std::unique_ptr<ServerProcess> server;
  std::vector<pid_t> before;
};

TEST_F(SilentCallback, IsAnsweredWith504AndItsWorkerReplaced) {
  start("slow");
  const Response response =
      ask(server->address(), get("/sleep?ms=20000", {"X-Request-Id: the-silent-one"}));
  EXPECT_EQ(response.status, 504);
  EXPECT_TRUE(server->logs(
      "timeout: the app has not answered, shows no sign of life and does not return; this worker "
      "will be replaced request_id=the-silent-one method=GET target=\"/sleep?ms=20000\""));
#ifndef __SANITIZE_THREAD__
  EXPECT_THAT(server->log(), ContainsRegex("thread=[0-9]+ backtrace=\"#0 [^\"]*block_for.0x"));
#endif
  EXPECT_TRUE(replaces(*server, before));
  EXPECT_EQ(ask(server->address(), get("/")).status, 200);
}

/// The backtrace's signal may arrive during a system call, and end that call.
TEST_F(SilentCallback, IsTracedEvenIfTheTraceEndsIt) {
  start("stalls");
  EXPECT_EQ(ask(server->address(), get("/nap?20000")).status, 504);
  EXPECT_TRUE(
      server->logs("; it has returned since, perhaps because the backtrace interrupted it"));
#ifndef __SANITIZE_THREAD__
  EXPECT_THAT(server->log(), ContainsRegex("backtrace=\"#0 [^\"]*nap.0x"));
#endif
}

TEST_F(SilentCallback, CutsAnAnswerThatHasBegun) {
  start("stalls");
  RawClient client(server->address());
  client.send(get("/parts?20000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  client.read_to_end();
  EXPECT_TRUE(server->logs("timeout: the app has not finished its answer, shows no sign of life"));
  EXPECT_TRUE(replaces(*server, before));
}

TEST_F(SilentCallback, IsFoundWhenItsClientHasLeft) {
  start("slow");
  RawClient client(server->address());
  client.send(get("/sleep?ms=20000"));
  EXPECT_FALSE(client.receives("H", milliseconds(100)));
  client.reset();
  EXPECT_TRUE(server->logs("timeout: the app has not answered (its client is gone), shows no"));
  EXPECT_TRUE(replaces(*server, before));
}

TEST_F(SilentCallback, IsFoundWhenItsAnswerHasLeft) {
  start("stalls");
  EXPECT_EQ(ask(server->address(), get("/after?20000")).status, 200);
  EXPECT_TRUE(server->logs("timeout: the request is answered, its callback runs on, shows no"));
  EXPECT_TRUE(replaces(*server, before));
}

TEST_F(SilentCallback, OfADeferredRequestIsFoundToo) {
  start("stalls");
  RawClient client(server->address());
  client.send(get("/undo?20000"));
  EXPECT_FALSE(client.receives("H", milliseconds(700))) << "it holds no thread";
  client.reset();
  EXPECT_TRUE(server->logs("shows no sign of life and does not return"));
  EXPECT_TRUE(replaces(*server, before));
}

/// A client that had an answer, and whose next request waits for a thread that hangs.
class ClientOfASilentCallback : public SilentCallback {
 protected:
  Response waits_for_the_thread(const Arguments& arguments, const std::string& sent) {
    start("slow", arguments);
    waiting.emplace(server->address());
    EXPECT_EQ(waiting->request(get("/")).status, 200);
    RawClient hanging(server->address());
    hanging.send(get("/sleep?ms=20000"));
    EXPECT_FALSE(hanging.receives("H", milliseconds(100)));
    waiting->send(sent);
    EXPECT_EQ(hanging.read_response().status, 504);
    return waiting->read_response(To::kOther, milliseconds(5'000));
  }
  void expect_refused(const Response& response) const {
    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(response.has("retry-after"));
    EXPECT_TRUE(server->logs("reason=\"every thread hangs in the app\""));
  }

  std::optional<RawClient> waiting;
};

/// The worker that takes the place of the other serves it.
TEST_F(ClientOfASilentCallback, IsServedByAnotherWorker) {
  EXPECT_EQ(waits_for_the_thread({"--graceful-timeout", "5"}, get("/")).status, 200);
  EXPECT_EQ(waiting->request(get("/")).status, 200) << "on the same connection";
}

TEST_F(ClientOfASilentCallback, IsToldIfItsRequestIsTooLargeToMove) {
  expect_refused(waits_for_the_thread({"--graceful-timeout", "20"},
                                      request("POST", "/", {}, std::string(100'000, 'x'))));
}

TEST_F(ClientOfASilentCallback, IsToldWithoutHandOver) {
  expect_refused(waits_for_the_thread({"--graceful-timeout", "20", "--no-hand-over"}, get("/")));
}

TEST_F(SilentCallback, LeavesOtherThreadsAlone) {
  start("stalls", {"--threads", "2", "--graceful-timeout", "20"});
  RawClient hanging(server->address());
  hanging.send(get("/parts?20000"));
  EXPECT_TRUE(hanging.receives("HTTP/1.1 200"));
  RawClient other(server->address());
  other.send(get("/trickle?150"));
  EXPECT_TRUE(server->logs("shows no sign of life and does not return"));
  EXPECT_EQ(other.read_response().body.size(), 50U);
}

class LivelyCallback : public SilentCallback, public ::testing::WithParamInterface<std::string> {};

TEST_P(LivelyCallback, MayTakeAnyTime) {
  start("stalls");
  RawClient client(server->address());
  const std::string body(1'000'000, 'x');
  client.send(request("POST", GetParam(), {}, body));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(server->count_in_log("timeout: "), 0U);
  EXPECT_EQ(server->workers(), before);
}

INSTANTIATE_TEST_SUITE_P(, LivelyCallback,
                         ::testing::Values("/trickle?300", "/reads?300", "/steps?1500",
                                           "/granted?1500"),
                         [](const auto& each) {
                           return each.param.substr(1, each.param.find('?') - 1);
                         });

TEST(Timeout, OfZeroNeverEndsACallback) {
  ServerProcess server(test_app("slow"), {"-w", "1", "--timeout", "0"});
  EXPECT_EQ(ask(server.address(), get("/sleep?ms=1500")).status, 200);
}

/// A stopped process, or a machine that sleeps, shows no sign of life either.
TEST(Timeout, IgnoresTimeInWhichTheWorkerWasStopped) {
  ServerProcess server(test_app("slow"), {"-w", "1", "--timeout", "4"});
  const auto before = server.workers();
  RawClient client(server.address());
  client.send(get("/sleep?ms=4500"));
  EXPECT_FALSE(client.receives("H", milliseconds(500)));
  ::kill(before[0], SIGSTOP);
  EXPECT_TRUE(stays([] { return true; }, milliseconds(3'700)));
  ::kill(before[0], SIGCONT);
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(server.workers(), before);
}

}  // namespace
}  // namespace alicorn::test
