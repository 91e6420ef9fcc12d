// Workers in one process that hand each other the requests which wait for a thread.
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

WorkerSettings with_app(const std::string& path) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/" + path;
  settings.threads = 1;
  return settings;
}
std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string post(const std::string& body) {
  return "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// Each worker has one thread, and the app holds it as long as it is asked to.
class QueueSharingTest : public ::testing::Test {
 protected:
  void start(const std::string& app) {
    here.emplace(with_app(app), neighbours, 0);
    there.emplace(with_app(app), neighbours, 1);
  }
  /// The worker's thread is busy for so long.
  static ClientEnd hold(WorkerHarness& worker, milliseconds time) {
    ClientEnd client = worker.connect();
    client.send(get("/sleep?ms=" + std::to_string(time.count())));
    EXPECT_TRUE(eventually([&] { return is_saturated(worker); }));
    return client;
  }
  static bool is_saturated(WorkerHarness& worker) {
    bool saturated = false;
    worker.on_loop([&] { saturated = worker.executor().saturated(); });
    return saturated;
  }
  static std::uint32_t queued(WorkerHarness& worker) {
    std::uint32_t count = 0;
    worker.on_loop([&] { count = worker.executor().queued(); });
    return count;
  }
  /// An answer leaves before it counts.
  static bool has_served(WorkerHarness& worker, int count) {
    return eventually([&] { return worker.requests_served == count; });
  }
  static std::size_t connections(WorkerHarness& worker) {
    std::size_t count = 0;
    worker.on_loop([&] { count = worker.connections().size(); });
    return count;
  }

  static constexpr milliseconds kLong{1'500}, kShort{300};
  Neighbourhood neighbours;
  std::optional<WorkerHarness> here, there;
};

TEST_F(QueueSharingTest, ARequestGoesToAFreeThread) {
  start("tests/apps/slow.so");
  ClientEnd holder = hold(*here, kLong);
  ClientEnd client = here->connect();
  for (int i = 1; i <= 3; ++i) {
    client.send(get("/"));
    EXPECT_THAT(client.read_through("awake\n"), HasSubstr(" 200 OK\r\n"));
    EXPECT_TRUE(has_served(*there, i));
  }
  EXPECT_TRUE(is_saturated(*here));
  EXPECT_TRUE(eventually([&] { return connections(*here) == 1; })) << "its client went with it";
  EXPECT_EQ(holder.read_through("awake\n").substr(9, 3), "200");
}

TEST_F(QueueSharingTest, ARequestThatMeetsAFreeThreadStays) {
  start("tests/apps/slow.so");
  ClientEnd client = here->connect();
  for (int i = 1; i <= 20; ++i) {
    client.send(get(i % 5 == 0 ? "/sleep?ms=10" : "/"));
    client.read_through("awake\n");
    EXPECT_TRUE(has_served(*here, i));
  }
}

TEST_F(QueueSharingTest, AThreadThatBecomesFreeFetchesWhatWaitsElsewhere) {
  start("tests/apps/slow.so");
  ClientEnd holder = hold(*here, kLong), other = hold(*there, kShort);
  ClientEnd first = here->connect(), second = here->connect();
  first.send(get("/"));
  EXPECT_TRUE(eventually([&] { return queued(*here) == 1; }));
  second.send(get("/"));
  other.read_through("awake\n");
  first.read_through("awake\n");
  second.read_through("awake\n");
  EXPECT_TRUE(is_saturated(*here));
  EXPECT_TRUE(has_served(*there, 3));
}

/// Otherwise the next request of the client that has just had an answer would get the thread.
TEST_F(QueueSharingTest, AThreadIsKeptForWhatItFetches) {
  start("tests/apps/slow.so");
  ClientEnd holder = hold(*here, kLong), other = hold(*there, kShort);
  other.send(get("/sleep?ms=" + std::to_string(kLong.count())));
  ClientEnd client = here->connect();
  client.send(get("/"));
  other.read_through("awake\n");
  client.read_through("awake\n");
  EXPECT_TRUE(is_saturated(*here)) << "held all the time";
  EXPECT_TRUE(eventually([&] { return is_saturated(*there); })) << "the next request has its turn";
  EXPECT_EQ(there->requests_served, 2);
}

TEST_F(QueueSharingTest, AThreadIsNotKeptForAWorkerThatDoesNotAnswer) {
  start("tests/apps/slow.so");
  WorkerLoad& silent = neighbours.loads.at(3);
  silent.generation = 1;
  silent.reads_mail = 1;
  silent.swept_us = silent.waits_since_us = to_us(now()) - 1'000;
  ClientEnd client = hold(*here, milliseconds(20));
  client.send(get("/"));
  client.read_through("awake\n");
  client.read_through("awake\n");
  EXPECT_TRUE(eventually(
      [&] { return !is_saturated(*here) && neighbours.loads.at(0).free_threads.has_unclaimed(); }));
}

TEST_F(QueueSharingTest, WhatIsPipelinedGoesWithIt) {
  start("tests/apps/slow.so");
  ClientEnd holder = hold(*here, kLong);
  ClientEnd client = here->connect();
  client.send(get("/") + get("/") + get("/").substr(0, 10));
  client.read_through("awake\n");
  client.read_through("awake\n");
  client.send(get("/").substr(10));
  client.read_through("awake\n");
  EXPECT_TRUE(has_served(*there, 3));
}

/// With a body that has come with its head, later, or not yet whole.
TEST_F(QueueSharingTest, ABodyGoesWithItsRequest) {
  for (const char* app : {"tests/apps/slow.so", "examples/echo/echo.so"}) {
    start(app);
    const bool streams = std::string(app) != "tests/apps/slow.so";
    const std::string answer = streams ? "\"bytes\": 5000" : "awake\n";
    ClientEnd holder = hold(*here, kLong);
    const std::string request = post(std::string(5000, 'x'));
    for (const std::size_t cut : {request.size(), request.size() - 5000, request.size() - 1000}) {
      ClientEnd client = here->connect();
      client.send(request.substr(0, cut));
      here->on_loop([] {});
      client.send(request.substr(cut));
      EXPECT_THAT(client.read_through(answer), HasSubstr(" 200 OK\r\n")) << app << cut;
    }
    EXPECT_TRUE(has_served(*there, 3)) << app;
    here.reset();
    there.reset();
  }
}

/// Its deadline counts from when the body had come, wherever it waits.
TEST_F(QueueSharingTest, TheTimeOfAnUploadIsNotTheApps) {
  WorkerSettings settings = with_app("tests/apps/slow.so");
  settings.deadlines.request = milliseconds(500);
  here.emplace(settings, neighbours, 0);
  there.emplace(settings, neighbours, 1);
  const std::string request =
      "POST /sleep?ms=300 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
  std::string answer;
  for (int tries = 0; tries < 3 && answer.substr(0, 12) != "HTTP/1.1 200"; ++tries) {
    ClientEnd holder = hold(*here, milliseconds(450));
    ClientEnd client = here->connect();
    client.send(request.substr(0, request.size() - 1));
    ClientEnd clock = there->connect();
    clock.send(get("/sleep?ms=400"));
    clock.read_through("awake\n");
    client.send(request.substr(request.size() - 1));
    answer = client.read_through("\n");
    holder.read_through("awake\n");
  }
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 200");
  EXPECT_TRUE(eventually([&] { return there->requests_served > 1; }));
}

TEST_F(QueueSharingTest, ABodyInChunksGoesWithItsRequest) {
  start("examples/echo/echo.so");
  ClientEnd holder = hold(*here, kLong);
  const std::string head = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  ClientEnd client = here->connect();
  client.send(head + "5\r\nHello\r\n3\r\nyou\r\n0\r\n\r\n" + head + "0\r\n\r\n");
  EXPECT_THAT(client.read_through("}\n"), HasSubstr("\"bytes\": 8"));
  EXPECT_THAT(client.read_through("}\n"), HasSubstr("\"bytes\": 0"));
  EXPECT_TRUE(has_served(*there, 2));
}

TEST_F(QueueSharingTest, ABodyThatCannotBeSentStays) {
  start("tests/apps/slow.so");
  ClientEnd holder = hold(*here, kShort);
  ClientEnd chunked = here->connect(), large = here->connect();
  chunked.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n\r\n"
      "5\r\nHello\r\n0\r\na: b\r\n\r\n");
  large.send(post(std::string(100'000, 'x')));
  EXPECT_THAT(chunked.read_through("awake\n"), HasSubstr(" 200 OK\r\n"));
  EXPECT_THAT(large.read_through("awake\n"), HasSubstr(" 200 OK\r\n"));
  EXPECT_TRUE(has_served(*there, 0));
}

TEST_F(QueueSharingTest, AClientThatHasGoneIsNotServed) {
  start("tests/apps/slow.so");
  ClientEnd holder = hold(*here, kShort), other = hold(*there, kShort);
  ClientEnd client = here->connect();
  client.send(get("/"));
  EXPECT_TRUE(eventually([&] { return queued(*here) == 1; }));
  client.close();
  holder.read_through("awake\n");
  other.read_through("awake\n");
  EXPECT_TRUE(eventually([&] { return connections(*here) + connections(*there) == 2; }));
}

}  // namespace
}  // namespace alicorn::test
