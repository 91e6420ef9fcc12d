// What a connection does when a time is over: whom it holds to account, and what it still sends.
#include "base/log.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

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
  WorkerSettings settings = with_time(with_app("tests/apps/stalls.so"), request_timeout);
  settings.deadlines.silence = milliseconds(0);
  return settings;
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

/// A handler holds its thread until the test lets it go. No real time comes near its deadline: the
/// test sweeps as if it had.
class HeldThread : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSecond = 1'000'000, kTimeout = 100 * kSecond;

  explicit HeldThread(std::uint64_t timeout_us = kTimeout)
      : worker(stalls(milliseconds(timeout_us / 1000))) {}
  ~HeldThread() override {
    let_go();
    EXPECT_TRUE(has_no_calls(worker));
  }
  void ask(const std::string& path) {
    client.send(get(path + "?" + std::to_string(pipe[0].get())));
    EXPECT_TRUE(holds_a_thread(worker));
  }
  void ask_and_read(const std::string& path) {
    ask(path);
    client.read_through("said\n");
    EXPECT_TRUE(holds_a_thread(worker));
  }
  void let_go() const { EXPECT_EQ(::write(pipe[1].get(), "x", 1), 1); }
  void sweep_at(std::uint64_t time_us) {
    worker.on_loop([&] { worker.connections().sweep(time_us); });
  }
  static std::array<UniqueFd, 2> open_pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
  }

  const std::array<UniqueFd, 2> pipe = open_pipe();
  WorkerHarness worker;
  ClientEnd client = worker.connect();
  const std::uint64_t begin_us = to_us(now());
};

class HeldThreadAfterTheAnswer : public HeldThread,
                                 public ::testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(, HeldThreadAfterTheAnswer, ::testing::Values("/hold", "/hold-after"),
                         [](const auto& each) { return each.index == 0 ? "Handler" : "Callback"; });

TEST_P(HeldThreadAfterTheAnswer, IsFoundWhenTheTimeOfARequestIsOver) {
  ask_and_read(GetParam());
  const std::uint64_t answered_us = to_us(now());
  sweep_at(begin_us + kTimeout + kSecond / 2);
  EXPECT_EQ(worker.recyclings_asked, 0);
  sweep_at(answered_us + kTimeout + 3 * kSecond / 2);
  EXPECT_TRUE(has_asked_for_recycling(worker));
}

TEST_F(HeldThread, HasThatTimeFromTheAnswerOn) {
  ask("/hold-late");
  EXPECT_TRUE(stays([] { return true; }, milliseconds(50)));
  const std::uint64_t later_us = to_us(now()) - begin_us;
  let_go();
  client.read_through("said\n");
  sweep_at(begin_us + later_us / 2 + kTimeout + kSecond);
  EXPECT_TRUE(stays([&] { return worker.recyclings_asked == 0; }, milliseconds(500)));
}

TEST_F(HeldThread, HasTheTimeThatTheAppGivesItAfterTheAnswer) {
  ask_and_read("/hold-extended");
  sweep_at(to_us(now()) + kTimeout + 2 * kSecond);
  EXPECT_TRUE(stays([&] { return worker.recyclings_asked == 0; }, milliseconds(500)));
}

class HeldThreadWithoutADeadline : public HeldThread {
 protected:
  HeldThreadWithoutADeadline() : HeldThread(0) { EXPECT_TRUE(log::open({.path = folder / "log"})); }
  ~HeldThreadWithoutADeadline() override { EXPECT_TRUE(log::open({})); }
  std::size_t warnings() const {
    const std::string log = read_file(folder / "log");
    constexpr std::string_view kWarning = "held its thread for 30 s";
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find(kWarning, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  const TemporaryFolder folder;
};

TEST_F(HeldThreadWithoutADeadline, IsToldOfOnce) {
  ask_and_read("/hold");
  const std::uint64_t answered_us = to_us(now());
  sweep_at(begin_us + 29 * kSecond);
  EXPECT_EQ(warnings(), 0U);
  for (const std::uint64_t later : {31U, 32U, 70U}) {
    sweep_at(answered_us + later * kSecond);
    EXPECT_EQ(warnings(), 1U);
  }
}

/// What it has waited for its client does not count.
TEST_F(HeldThreadWithoutADeadline, IsNotOneThatWaitedForTheClient) {
  client.send("POST /hold?" + std::to_string(pipe[0].get()) +
              " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc");
  EXPECT_TRUE(holds_a_thread(worker));
  EXPECT_TRUE(stays([] { return true; }, milliseconds(50)));
  const std::uint64_t waited_us = to_us(now()) - begin_us;
  client.send("d");
  client.read_through("said\n");
  sweep_at(begin_us + waited_us / 2 + 30 * kSecond);
  EXPECT_EQ(warnings(), 0U);
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
