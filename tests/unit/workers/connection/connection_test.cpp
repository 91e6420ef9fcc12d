#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

WorkerSettings with_app(const std::string& path, std::uint32_t threads = 1) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/" + path;
  settings.threads = threads;
  return settings;
}
WorkerSettings hello() {
  return with_app("examples/hello_c/hello_c.so");
}
WorkerSettings slow() {
  return with_app("tests/apps/slow.so");
}
WorkerSettings echo(std::uint32_t threads = 1) {
  return with_app("examples/echo/echo.so", threads);
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(Connection, KeepsServingTheSameClient) {
  WorkerHarness worker(hello());
  ClientEnd client = worker.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    EXPECT_THAT(client.read_through("Hello, world\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string last = client.read_to_end();
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(last, EndsWith("Hello, world\n"));
  EXPECT_EQ(worker.requests_served, 4);
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
  WorkerHarness worker(echo());
  ClientEnd client = worker.connect();
  std::string requests;
  for (int code = 200; code < 300; ++code) {
    if (code != 204 && code != 205) requests += get("/status?code=" + std::to_string(code));
  }
  client.send(requests);
  for (int code = 200; code < 300; ++code) {
    if (code == 204 || code == 205) continue;  // have no body
    const std::string text = std::to_string(code);
    EXPECT_THAT(client.read_through("status " + text + "\n"), StartsWith("HTTP/1.1 " + text));
  }
}

TEST(Connection, TakesABodyThatComesInPieces) {
  WorkerHarness worker(echo());
  ClientEnd client = worker.connect();
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nHello");
  worker.on_loop([] {});
  client.send(", you!");
  EXPECT_THAT(client.read_through("}\n"), HasSubstr("\"bytes\": 11"));
  client.send(
      "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n");
  client.send("3\r\nyou\r\n0\r\n\r\n");
  EXPECT_THAT(client.read_through("}\n"), HasSubstr("\"bytes\": 8"));
}

TEST(Connection, AsksForTheBodyOnceTheAppWantsIt) {
  WorkerHarness worker(echo());
  ClientEnd client = worker.connect();
  client.send(
      "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ab");
  EXPECT_THAT(client.read_through("}\n"), HasSubstr("\"bytes\": 2"));
}

/// A request with a body whose head, and part of whose body, come while the one before it is still
/// being worked on: the read that watches the client then is pending into the block of that head.
void send_body_behind_a_slow_request(WorkerHarness& worker, const std::string& slow_target,
                                     const std::string& expected_body) {
  ClientEnd client = worker.connect();
  client.send(get(slow_target));
  EXPECT_TRUE(eventually([&] {
    bool late = false;
    worker.on_loop([&] { late = worker.executor().running_elsewhere() == 1; });
    return late;
  }));
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_THAT(client.read_through("\n"), StartsWith("HTTP/1.1 200"));
  client.read_through("\r\n\r\n");
  client.read_through("\n");
  client.send("56789");
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(client.read_bytes(expected_body.size()), expected_body);
}

TEST(Connection, TakesABodyBehindASlowRequest) {
  WorkerHarness worker(slow());
  send_body_behind_a_slow_request(worker, "/sleep?ms=100", "awake\n");
}

TEST(Connection, StreamsABodyBehindASlowRequest) {
  WorkerHarness worker(echo());
  send_body_behind_a_slow_request(worker, "/sleep?ms=100", "0123456789");
}

TEST(Connection, AnswersADeferredRequestThatAnotherThreadCompletes) {
  WorkerHarness worker(echo());
  ClientEnd first = worker.connect(), second = worker.connect();
  first.send(get("/defer?ms=20"));
  second.send(get("/defer?ms=1"));
  EXPECT_THAT(second.read_through("deferred for 1 ms\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(first.read_through("deferred for 20 ms\n"), StartsWith("HTTP/1.1 200"));
}

TEST(Connection, HoldsAStreamBackWhileItsClientDoesNotRead) {
  constexpr std::size_t kSize = 64 << 20;
  WorkerHarness worker(echo());
  ClientEnd client = worker.connect();
  client.send(get("/large?bytes=" + std::to_string(kSize)));
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  // The handler blocks in write(): its thread is out, and another client waits for it.
  EXPECT_TRUE(eventually([&] {
    bool out = false;
    worker.on_loop([&] { out = worker.executor().saturated(); });
    return out;
  }));
  std::size_t got = 0;
  while (got < kSize) {
    const std::size_t size = client.read_bytes(1 << 20).size();
    if (size == 0) break;
    got += size;
  }
  EXPECT_EQ(got, kSize);
}

TEST(Connection, GivesTheCallBackWhenTheClientLeavesAStream) {
  WorkerHarness worker(echo());
  ClientEnd client = worker.connect();
  client.send(get("/large?bytes=1000000000"));
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  client.close();
  EXPECT_TRUE(eventually([&] {
    bool over = false;
    worker.on_loop([&] {
      over = worker.connections().size() == 0 && worker.app().calls().in_use() == 0 &&
             worker.executor().running_elsewhere() == 0;
    });
    return over;
  }));
}

TEST(Connection, TellsAnOldClientThatItIsKeptAfterAFailure) {
  WorkerHarness worker(echo());
  ClientEnd client = worker.connect();
  const std::string request = "GET /status?code=99 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    client.send(request);
    const std::string head = client.read_through("\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(head, HasSubstr("Connection: keep-alive\r\n"));
    client.read_through("500 Internal Server Error\n");
  }
}

TEST(Connection, RefusesAHeadWithoutABody) {
  WorkerHarness worker(echo());
  std::vector<ClientEnd> clients;
  const auto calls_in_use = [&] {
    std::uint32_t in_use = 0;
    worker.on_loop([&] { in_use = worker.app().calls().in_use(); });
    return in_use;
  };
  while (calls_in_use() < WorkerHarness::kCallsMax) {
    clients.push_back(worker.connect());
    clients.back().send(get("/defer?ms=1000"));
  }
  ClientEnd client = worker.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(Connection, RefusesAHeadWithoutABodyBeforeItIsParsed) {
  WorkerHarness worker(echo());
  const std::string head = "HEAD / HTTP/1.1\r\nHost: a\r\n";
  const auto answer_to = [&](const std::string& rest) {
    ClientEnd client = worker.connect();
    client.send(head + rest);
    return client.read_to_end();
  };
  for (const std::string& answer :
       {answer_to("X: " + std::string(9000, 'x') + "\r\n\r\n"), answer_to("Host: b\r\n\r\n"),
        answer_to("Content-Length: 99999999\r\n\r\n")}) {
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  }
}

TEST(Connection, AnswersForAHandlerThatTakesTooLong) {
  WorkerSettings settings = slow();
  settings.deadlines.request = milliseconds(50);
  WorkerHarness worker(std::move(settings));
  ClientEnd client = worker.connect();
  client.send(get("/sleep?ms=400"));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(eventually([&] { return worker.recyclings_asked == 1; }));
  // The late result is dropped, and the call serves again.
  ClientEnd next = worker.connect();
  next.send(get("/"));
  EXPECT_THAT(next.read_through("\n"), StartsWith("HTTP/1.1 "));
}

}  // namespace
}  // namespace alicorn::test
