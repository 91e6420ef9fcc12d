// Each phase of a request has its deadline, and a slow app holds up only the clients that wait for
// it.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

TEST(HeaderTimeout, AnswersAHalfSentHeadWith408) {
  ServerProcess server(example("hello_c"), {"--header-timeout", "0.3"});
  RawClient client(server.address());
  client.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_TRUE(client.is_closed());
}

TEST(HeaderTimeout, IsNotExtendedByAByteNowAndThen) {
  ServerProcess server(example("hello_c"), {"--header-timeout", "0.5"});
  RawClient client(server.address());
  client.send("GET / HTTP/1.1\r\nX-Slow: ");
  // Sends until the answer arrives: a server that counted from the last byte would never answer.
  EXPECT_TRUE(eventually([&] {
    client.send("x");
    return client.receives("HTTP/1.1 408", milliseconds(20));
  }));
}

TEST(HeaderTimeout, ClosesAConnectionThatNeverSendsAnything) {
  ServerProcess server(example("hello_c"), {"--header-timeout", "0.3"});
  RawClient client(server.address());
  EXPECT_TRUE(client.is_closed()) << "without a word";
}

TEST(KeepAliveTimeout, ClosesAnIdleConnection) {
  ServerProcess server(example("hello_c"), {"--keep-alive", "0.3"});
  RawClient client(server.address());
  EXPECT_EQ(client.request(get("/")).status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST(KeepAliveTimeout, DoesNotApplyToTheFirstRequest) {
  ServerProcess server(example("hello_c"), {"--keep-alive", "0.1"});
  RawClient client(server.address());
  EXPECT_FALSE(client.receives("H", milliseconds(600)));
  EXPECT_EQ(client.request(get("/")).status, 200);
}

TEST(BodyTimeout, AnswersABodyThatStopsWith408) {
  ServerProcess server(example("echo"), {"--body-timeout", "0.3"});
  RawClient client(server.address());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200) << "the app is free again";
}

TEST(BodyTimeout, AppliesToAnAppThatTakesWholeBodies) {
  ServerProcess server(test_app("slow"), {"--body-timeout", "0.3"});
  RawClient client(server.address());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 408);
}

TEST(BodyMinRate, EndsATricklingBody) {
  ServerProcess server(example("echo"), {"--body-min-rate", "1000", "--body-timeout", "1"});
  RawClient client(server.address());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(eventually([&] {
    client.send("x");
    return client.receives("HTTP/1.1 408", milliseconds(50));
  }));
}

TEST(BodyMinRate, IsOnByDefault) {
  ServerProcess server(test_app("slow"), {"--body-timeout", "1"});
  RawClient client(server.address());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_TRUE(eventually([&] {
    client.send("x");
    return client.receives("HTTP/1.1 408", milliseconds(50));
  }));
}

TEST(BodyMinRate, DoesNotHoldTheAppsTimeAgainstTheClient) {
  ServerProcess server(test_app("stalls"), {"--body-min-rate", "10MiB", "--body-timeout", "0.5"});
  RawClient client(server.address());
  client.send("POST /reads?300 HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n" +
              std::string(400'000, 'x'));
  EXPECT_EQ(client.read_response().status, 200);
}

TEST(BodyTimeout, RefusesABodyOnlyOnceIfItsClientReadsNothing) {
  const TemporaryFolder folder;
  ServerProcess server(example("echo"),
                       {"--body-timeout", "0.3", "-b", "unix:" + (folder / "app.sock")});
  RawClient client(server.address());
  // More than the socket holds, and less than the server buffers before it holds the app back.
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.send(chunk));
  EXPECT_TRUE(server.logs("refused a request status=408"));
  EXPECT_TRUE(stays([&] { return server.count_in_log("refused a request status=408") == 1; },
                    milliseconds(1'000)));
}

TEST(WriteTimeout, DropsAClientThatReadsNothing) {
  ServerProcess server(example("echo"), {"--write-timeout", "0.5", "--threads", "1"});
  RawClient client(server.address(), 4096);
  client.send(get("/large?bytes=100000000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200) << "its thread is free again";
  EXPECT_LT(client.read_to_end().size(), 100'000'000U);
}

TEST(WriteTimeout, IsExtendedByEveryByteTheClientTakes) {
  ServerProcess server(example("echo"), {"--write-timeout", "1", "--write-min-rate", "0"});
  RawClient client(server.address(), 4096);
  client.send(get("/large?bytes=100000000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(stays(
      [&] {
        client.discard(1000);
        return server.count_in_log("was cut") == 0;
      },
      milliseconds(3'000)));
}

TEST(WriteMinRate, EndsAClientThatTakesTooLittle) {
  ServerProcess server(example("echo"), {"--write-timeout", "1", "--write-min-rate", "10MiB"});
  RawClient client(server.address(), 4096);
  client.send(get("/large?bytes=100000000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(eventually([&] {
    client.discard(1000);
    return server.count_in_log("was cut reason=write_min_rate") == 1;
  }));
}

TEST(WriteMinRate, DoesNotHoldTheAppsPauseAgainstTheClient) {
  ServerProcess server(test_app("stalls"), {"--write-timeout", "0.5", "--write-min-rate", "1MiB"});
  EXPECT_EQ(ask(server.address(), get("/trickle?200")).status, 200);
  EXPECT_EQ(server.count_in_log("was cut"), 0U);
}

TEST(RequestTimeout, AnswersWith504AndReplacesTheWorker) {
  ServerProcess server(test_app("slow"), {"-w", "1", "--request-timeout", "0.4"});
  const auto before = server.workers();
  RawClient client(server.address());
  const Response response = client.request(get("/sleep?ms=3000", {"X-Request-Id: the-stuck-one"}));
  EXPECT_EQ(response.status, 504);
  EXPECT_TRUE(server.logs("request_timeout: the app has not answered"));
  EXPECT_THAT(server.log(),
              HasSubstr("request_id=the-stuck-one method=GET target=\"/sleep?ms=3000\""));
#ifdef __SANITIZE_THREAD__
  // TSan delays a signal until the thread reaches a point where it can be delivered.
  EXPECT_THAT(server.log(), ContainsRegex("thread=[0-9]+ backtrace=\""));
#else
  EXPECT_THAT(server.log(), ContainsRegex("thread=[0-9]+ backtrace=\"#0 [^\"]*block_for.0x"));
  EXPECT_THAT(server.log(), ContainsRegex("; #[0-9]+ on_request.0x[0-9a-f]+ .slow.so.0x"));
#endif
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 1 && workers != before;
  }));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(RequestTimeout, FindsACallbackThatHangsAfterItsAnswer) {
  ServerProcess server(test_app("stalls"),
                       {"-w", "1", "--request-timeout", "0.4", "--graceful-timeout", "0.2"});
  const auto before = server.workers();
  RawClient client(server.address());
  EXPECT_EQ(client.request(get("/after?10000")).status, 200);
  EXPECT_TRUE(server.logs("the request is answered, its callback runs on and does not return"));
  EXPECT_THAT(server.log(), ContainsRegex("method=GET target=\"?/after.10000\"? age_ms="));
#ifndef __SANITIZE_THREAD__
  EXPECT_THAT(server.log(), HasSubstr("block_afterwards+0x"));
#endif
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 1 && workers != before;
  }));
}

class LostRequest : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(LostRequest, IsTracedAsFarAsItsStackAllows) {
  ServerProcess server(test_app("lost"),
                       {"-w", "1", "--request-timeout", "0.3", "--graceful-timeout", "0.2"});
  const auto before = server.workers();
  EXPECT_EQ(ask(server.address(), get("/" + GetParam().first)).status, 504);
  EXPECT_TRUE(server.logs("request_timeout: the app has not answered", 1, milliseconds(5000)));
#ifndef __SANITIZE_THREAD__
  EXPECT_THAT(server.log(), ContainsRegex("backtrace=\"" + GetParam().second));
#endif
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 1 && workers != before;
  }));
  EXPECT_EQ(server.count_in_log("was killed by"), 0U);
}

INSTANTIATE_TEST_SUITE_P(RequestTimeout, LostRequest,
                         ::testing::Values(std::pair("stack", "#0 hang_on_damaged_stack.0x")),
                         [](const auto& each) { return each.param.first; });
#ifdef __x86_64__
INSTANTIATE_TEST_SUITE_P(RequestTimeoutOnX86, LostRequest,
                         ::testing::Values(std::pair("generated", "#0 0x[0-9a-f]+\"")),
                         [](const auto& each) { return each.param.first; });
#endif

class AbandonedRequest : public ::testing::TestWithParam<bool> {};

TEST_P(AbandonedRequest, IsFoundWhenItHangs) {
  const TemporaryFolder folder;
  const bool is_local = GetParam();
  ServerProcess server(test_app("slow"),
                       {"-w", "1", "--request-timeout", "0.4", "--graceful-timeout", "0.2", "-b",
                        is_local ? "unix:" + (folder / "app.sock") : std::string("127.0.0.1:0")});
  const auto before = server.workers();
  RawClient client(server.address());
  client.send(get("/sleep?ms=10000", {"X-Request-Id: left-alone"}));
  EXPECT_FALSE(client.receives("H", milliseconds(100)));
  if (is_local) {
    client.close();
  } else {
    client.reset();
  }
  EXPECT_TRUE(server.logs("request_timeout: the app has not answered (its client is gone)"));
  EXPECT_THAT(server.log(),
              ContainsRegex("request_id=left-alone method=GET target=\"?/sleep.ms=10000\"? "
                            "age_ms=[0-9]+ [^\n]*thread=[0-9]+ backtrace=\""));
  EXPECT_TRUE(eventually([&] {
    const auto workers = server.workers();
    return workers.size() == 1 && workers != before;
  }));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_EQ(server.count_in_log("request_timeout: "), 1U);
}

INSTANTIATE_TEST_SUITE_P(RequestTimeout, AbandonedRequest, ::testing::Bool(), [](const auto& each) {
  return each.param ? "OnAUnixSocket" : "OnAResetTcpConnection";
});

TEST(RequestTimeout, OfADeferredRequestKeepsTheWorker) {
  ServerProcess server(example("echo"), {"-w", "1", "--request-timeout", "0.3"});
  const auto before = server.workers();
  EXPECT_EQ(ask(server.address(), get("/defer?ms=2000")).status, 504);
  EXPECT_TRUE(server.logs("backtrace=\"none: it is on no thread (deferred)\""));
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200);
  EXPECT_EQ(server.workers(), before);
}

TEST(RequestTimeout, ReportsAnAnswerThatHasBegunAsNotFinished) {
  ServerProcess server(example("echo"), {"-w", "1", "--request-timeout", "0.3"});
  RawClient client(server.address(), 4096);
  client.send(get("/stream?chunks=100000000", {"X-Request-Id: begun"}));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(server.logs("request_timeout: the app has not finished its answer"));
  EXPECT_THAT(server.log(), ContainsRegex("request_id=begun [^\n]* annotations=\"?app=echo"));
}

TEST(RequestTimeout, NamesTheRequestThatHeldTheThread) {
  ServerProcess server(test_app("slow"), {"-w", "1", "--request-timeout", "0.4"});
  RawClient hog(server.address());
  RawClient neighbour(server.address());
  EXPECT_EQ(neighbour.request(get("/")).status, 200);
  hog.send(get("/sleep?ms=2500", {"X-Request-Id: hog"}));
  EXPECT_FALSE(hog.receives("H", milliseconds(50)));
  EXPECT_EQ(neighbour.request(get("/", {"X-Request-Id: innocent"})).status, 503);
  EXPECT_TRUE(server.logs("request_id=innocent"));
  EXPECT_THAT(server.log(),
              ContainsRegex("it has waited for a thread[^\n]* request_id=innocent [^\n]*"
                            "held_by=\"GET /sleep .id hog.\""));
}

TEST(RequestTimeout, SparesRequestsThatFinishInTime) {
  ServerProcess server(example("echo"), {"--request-timeout", "2"});
  RawClient client(server.address());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.request(get("/sleep?ms=50")).status, 200);
}

class SlowPoolApp : public ::testing::Test {
 protected:
  SlowPoolApp() {
    RawClient warm(server.address());
    EXPECT_EQ(warm.request(get("/")).status, 200);
    idle.request(get("/"));
    busy.send(get("/sleep?ms=4000"));
    EXPECT_TRUE(eventually([&] { return busy.is_connected(); }));
  }

  ServerProcess server{test_app("slow"),
                       {"-w", "1", "--threads", "1", "--header-timeout", "0.5", "--keep-alive", "1",
                        "--request-timeout", "30"}};
  RawClient half{server.address()};
  RawClient idle{server.address()};
  RawClient other{server.address()};
  RawClient busy{server.address()};
};

TEST_F(SlowPoolApp, LeavesTheLoopFreeForTimeouts) {
  half.send("GET / HT");
  EXPECT_EQ(half.read_response(To::kOther, milliseconds(2500)).status, 408);
  EXPECT_TRUE(idle.is_closed(milliseconds(2500)));
  EXPECT_EQ(busy.read_response().status, 200);
}

TEST_F(SlowPoolApp, LeavesTheLoopFreeForRefusals) {
  other.send("bad request\r\n\r\n");
  EXPECT_EQ(other.read_response(To::kOther, milliseconds(2500)).status, 400);
  EXPECT_EQ(busy.read_response().status, 200);
}

TEST_F(SlowPoolApp, AnswersOtherRequestsInTurn) {
  other.send(get("/"));
  EXPECT_EQ(busy.read_response().status, 200);
  EXPECT_EQ(other.read_response().status, 200);
}

TEST(SlowPool, WithThreadsServesOtherRequestsMeanwhile) {
  ServerProcess server(example("echo"), {"-w", "1", "--threads", "2"});
  RawClient busy(server.address());
  RawClient other(server.address());
  EXPECT_EQ(other.request(get("/status")).status, 200);
  busy.send(get("/sleep?ms=3000"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(other.request(get("/status")).status, 200);
  EXPECT_FALSE(busy.receives("H", milliseconds(1))) << "it still sleeps";
  EXPECT_EQ(busy.read_response().status, 200);
}

TEST(Heartbeat, AbortsAWorkerWhoseLoopIsStuck) {
  ServerProcess server(test_app("slow"), {"-w", "1", "--timeout", "1"});
  const auto before = server.workers();
  ASSERT_EQ(before.size(), 1U);
  ::kill(before[0], SIGSTOP);
  EXPECT_TRUE(
      server.logs("has a stuck loop (no heartbeat within timeout): SIGABRT; its threads: "));
  EXPECT_TRUE(server.logs(" T")) << "stopped";
  EXPECT_TRUE(
      eventually([&] { return server.workers().size() == 1 && server.workers() != before; }));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
