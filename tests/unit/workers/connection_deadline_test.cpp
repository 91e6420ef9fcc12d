// What a connection does when a time is over: whom it holds to account, and what it still sends.
#include "base/log.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <string>

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
WorkerSettings with_time(WorkerSettings settings, milliseconds request_timeout) {
  settings.deadlines.request = request_timeout;
  return settings;
}
WorkerSettings slow(milliseconds request_timeout = milliseconds(0)) {
  return with_time(with_app("tests/apps/slow.so"), request_timeout);
}
WorkerSettings stalls(milliseconds request_timeout = milliseconds(0)) {
  return with_time(with_app("tests/apps/stalls.so"), request_timeout);
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

bool has_no_calls(WorkerHarness& worker) {
  return eventually([&] {
    bool over = false;
    worker.on_loop([&] { over = worker.app().calls().in_use() == 0; });
    return over;
  });
}

/// The handler of its request is so late that the loop runs elsewhere.
bool holds_a_thread(WorkerHarness& worker) {
  return eventually([&] {
    bool late = false;
    worker.on_loop([&] { late = worker.executor().running_elsewhere() == 1; });
    return late;
  });
}

bool has_asked_for_recycling(WorkerHarness& worker) {
  return eventually([&] { return worker.recyclings_asked == 1; });
}

bool stays_connected(WorkerHarness& worker, milliseconds time) {
  const auto has_client = [&] {
    std::size_t connections = 0;
    worker.on_loop([&] { connections = worker.connections().size(); });
    return connections == 1;
  };
  return stays(has_client, time);
}

/// All that the worker and the kernel take.
void send_until_held_back(ClientEnd& client) {
  const std::string piece(64 * 1024, 'x');
  const auto sends = [&] {
    return ::send(client.fd(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
  };
  while (eventually(sends, milliseconds(50))) continue;
}

TEST(RequestDeadline, IsTheAppsWhereItLeavesTheBody) {
  WorkerSettings settings = stalls(milliseconds(600));
  settings.deadlines.body = milliseconds(100);
  WorkerHarness worker(std::move(settings));
  ClientEnd client = worker.connect();
  client.send("POST /piece?1200 HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
  send_until_held_back(client);
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(has_asked_for_recycling(worker));
}

TEST(RequestDeadline, IsOverOnceTheAppHasFinishedItsAnswer) {
  WorkerHarness worker(stalls(milliseconds(200)));
  ClientEnd client = worker.connect();
  client.send(get("/parts?20"));
  EXPECT_TRUE(stays_connected(worker, milliseconds(500)));
  EXPECT_THAT(client.read_through("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  constexpr std::size_t kSize = (1 << 20) + 100 * 1024;
  EXPECT_EQ(client.read_bytes(kSize).size(), kSize);
}

TEST(RequestDeadline, OfADeferredRequestWhoseCallbacksReturnKeepsTheWorker) {
  WorkerHarness worker(stalls(milliseconds(100)));
  ClientEnd client = worker.connect();
  client.send(get("/turns"));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(has_no_calls(worker));
  worker.on_loop([&] { worker.connections().sweep(to_us(now()) + 1'000'000); });
  EXPECT_EQ(worker.recyclings_asked, 0);
}

TEST(RequestDeadline, HoldsForAThreadWhoseClientHasLeft) {
  WorkerHarness worker(slow(milliseconds(200)));
  ClientEnd client = worker.connect();
  client.send(get("/sleep?ms=2000"));
  EXPECT_TRUE(holds_a_thread(worker));
  client.close();
  EXPECT_TRUE(has_asked_for_recycling(worker));
}

TEST(RequestDeadline, HoldsForACallbackThatBeginsWhenItIsOver) {
  WorkerHarness worker(stalls(milliseconds(100)));
  ClientEnd client = worker.connect();
  client.send(get("/undo?2400"));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(has_asked_for_recycling(worker));
}

TEST(RequestDeadline, LeavesACallbackThatBeginsWhenItIsOverTimeToCleanUp) {
  WorkerHarness worker(stalls(milliseconds(100)));
  ClientEnd client = worker.connect();
  client.send(get("/undo?400"));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(has_no_calls(worker));
  EXPECT_EQ(worker.recyclings_asked, 0);
}

TEST(RequestDeadline, HoldsForAHandlerThatWaitedForTheClientAndHangsSince) {
  WorkerHarness worker(stalls(milliseconds(100)));
  ClientEnd client = worker.connect();
  client.send("POST /rest?2000 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 504 "));
  EXPECT_TRUE(has_asked_for_recycling(worker));
}

TEST(RequestDeadline, IsMovedAlsoWhenTheClientHasLeft) {
  WorkerHarness worker(stalls());
  ClientEnd client = worker.connect();
  client.send(get("/steps?2000"));
  EXPECT_TRUE(holds_a_thread(worker));
  client.close();
  EXPECT_TRUE(has_no_calls(worker));
  EXPECT_EQ(worker.recyclings_asked, 0);
}

TEST(RequestWithoutADeadline, ThatHoldsItsThreadForLongIsToldOfOnce) {
  const TemporaryFolder folder;
  ASSERT_TRUE(log::open({.path = folder / "log"}));
  {
    WorkerHarness worker(slow());
    ClientEnd client = worker.connect();
    client.send(get("/sleep?ms=1000"));
    EXPECT_TRUE(holds_a_thread(worker));
    const std::uint64_t asked_us = to_us(now());
    for (const std::uint64_t later_us : {29'000'000, 31'000'000, 32'000'000}) {
      worker.on_loop([&] { worker.connections().sweep(asked_us + later_us); });
      const std::string log = read_file(folder / "log");
      const std::size_t at = log.find("held its thread for 30 s");
      EXPECT_EQ(at != std::string::npos, later_us > 30'000'000) << log;
      EXPECT_EQ(log.find("held its thread", at + 1), std::string::npos) << log;
    }
    EXPECT_THAT(client.read_through("awake\n"), StartsWith("HTTP/1.1 200 "));
  }
  ASSERT_TRUE(log::open({}));
}

class RequestThatIsAnswered : public ::testing::TestWithParam<std::string> {
 protected:
  void ask() {
    client.send(get(GetParam()));
    client.read_through("said\n");
    EXPECT_TRUE(holds_a_thread(worker));
  }
  WorkerHarness worker{stalls(milliseconds(100))};
  ClientEnd client = worker.connect();
};

class CallbackAfterTheAnswer : public RequestThatIsAnswered {};
INSTANTIATE_TEST_SUITE_P(RequestDeadline, CallbackAfterTheAnswer,
                         ::testing::Values("/linger?1000", "/after?1000"));

TEST_P(CallbackAfterTheAnswer, MayHaveItsThreadNoLongerThanTheRequest) {
  ask();
  worker.on_loop([&] { worker.connections().sweep(to_us(now()) + 500'000); });
  EXPECT_EQ(worker.recyclings_asked, 0);
  worker.on_loop([&] { worker.connections().sweep(to_us(now()) + 1'200'000); });
  EXPECT_TRUE(has_asked_for_recycling(worker));
}

TEST(RequestDeadline, OfWhatACallbackDoesAfterTheAnswerBeginsWithTheAnswer) {
  WorkerHarness worker(stalls(milliseconds(400)));
  ClientEnd client = worker.connect();
  const std::uint64_t asked_us = to_us(now());
  client.send(get("/linger-late?300"));
  client.read_through("said\n");
  EXPECT_TRUE(holds_a_thread(worker));
  worker.on_loop([&] { worker.connections().sweep(asked_us + 1'550'000); });
  EXPECT_TRUE(has_no_calls(worker));
  EXPECT_EQ(worker.recyclings_asked, 0);
}

class CallbackThatMovesItsDeadline : public RequestThatIsAnswered {};
INSTANTIATE_TEST_SUITE_P(RequestDeadline, CallbackThatMovesItsDeadline,
                         ::testing::Values("/linger-in-steps?1000"));

TEST_P(CallbackThatMovesItsDeadline, MayHaveItsThreadLongerAfterTheAnswer) {
  ask();
  worker.on_loop([&] { worker.connections().sweep(to_us(now()) + 1'200'000); });
  EXPECT_TRUE(has_no_calls(worker));
  EXPECT_EQ(worker.recyclings_asked, 0);
}

TEST(BodyDeadline, LeavesTheAnswerTimeToArrive) {
  WorkerSettings settings = slow();
  settings.deadlines.body = milliseconds(100);
  WorkerHarness worker(std::move(settings));
  ClientEnd client = worker.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_THAT(client.read_through("408 Request Timeout\n"), StartsWith("HTTP/1.1 408 "));
  client.send("d");
  EXPECT_TRUE(stays_connected(worker, milliseconds(300)));
}

/// Between two requests, its time as good as over.
class IdleConnection : public ::testing::Test {
 protected:
  IdleConnection() {
    client.send(get("/"));
    client.read_through("awake\n");
  }
  static constexpr std::uint64_t kLater = 3'600'000'000;

  WorkerHarness worker{slow()};
  ClientEnd client = worker.connect();
};

TEST_F(IdleConnection, ServesARequestThatIsThereWhenItsTimeIsOver) {
  worker.on_loop([&] {
    client.send(get("/"));
    worker.connections().sweep(to_us(now()) + kLater);
  });
  EXPECT_THAT(client.read_through("awake\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(IdleConnection, ServesARequestThatIsThereWhenNobodyHasTimeLeft) {
  worker.on_loop([&] {
    client.send(get("/"));
    worker.connections().expire_all();
  });
  EXPECT_THAT(client.read_through("awake\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(IdleConnection, IsNotKeptByBytesThatBeginNoRequest) {
  for (int i = 0; i < 2; ++i) {
    worker.on_loop([&] {
      client.send("\r\n");
      worker.connections().sweep(to_us(now()) + kLater);
    });
  }
  EXPECT_EQ(client.read_to_end(), "");
}

/// A worker of which a request has passed its deadline and holds a thread.
class StuckWorker : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  StuckWorker() {
    for (ClientEnd* client : {&idle, &other}) {
      client->send(get("/"));
      client->read_through("free\n");
    }
    stuck.send("POST /piece?1500 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_THAT(stuck.read_to_end(), StartsWith("HTTP/1.1 504 "));
    EXPECT_TRUE(has_asked_for_recycling(worker));
  }
  static WorkerSettings settings() {
    WorkerSettings settings = with_app("tests/apps/stalls.so", GetParam());
    settings.deadlines.request = milliseconds(300);
    return settings;
  }

  WorkerHarness worker{settings()};
  ClientEnd idle = worker.connect(), other = worker.connect(), stuck = worker.connect();
};

class StuckOnItsOnlyThread : public StuckWorker {};
INSTANTIATE_TEST_SUITE_P(Threads, StuckOnItsOnlyThread, ::testing::Values(1U));

TEST_P(StuckOnItsOnlyThread, RefusesTheNextRequestOfAClientAtOnce) {
  other.send(get("/"));
  const std::string answer = other.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  bool is_stuck = false;
  worker.on_loop([&] { is_stuck = worker.app().calls().in_use() == 1; });
  EXPECT_TRUE(is_stuck) << "the answer has not waited for the thread";
}

TEST_P(StuckOnItsOnlyThread, LetsItsIdleClientsGo) {
  EXPECT_EQ(idle.read_to_end(), "");
}

TEST_P(StuckOnItsOnlyThread, ServesWhoComesWhenTheThreadHasReturned) {
  EXPECT_TRUE(has_no_calls(worker));
  ClientEnd late = worker.connect();
  late.send(get("/"));
  const std::string answer = late.read_to_end();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("free\n"));
}

class StuckOnOneOfTwoThreads : public StuckWorker {};
INSTANTIATE_TEST_SUITE_P(Threads, StuckOnOneOfTwoThreads, ::testing::Values(2U));

TEST_P(StuckOnOneOfTwoThreads, ServesOnAndLetsItsClientsGo) {
  other.send(get("/"));
  const std::string answer = other.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("free\n"));
}

}  // namespace
}  // namespace alicorn::test
