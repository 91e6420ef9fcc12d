#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::StartsWith;

constexpr std::size_t kBody = 600 * 1024;
constexpr std::uint64_t kBudget = 1024 * 1024;

/// An app that takes bodies whole, in a worker with memory for less than two of them.
class BodyBudgetOfAWorker : public ::testing::Test {
 protected:
  static WorkerSettings settings() {
    WorkerSettings settings;
    settings.app_path = ALICORN_BINARY_DIR "/tests/apps/slow.so";
    settings.limits.body_memory_max = kBudget;
    settings.deadlines.body = milliseconds(300);
    return settings;
  }
  static std::string head(std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  }
  std::uint64_t total() {
    std::uint64_t bytes = 0;
    worker.on_loop([&] { bytes = worker.app().bodies().total(); });
    return bytes;
  }
  static void expect_answer(ClientEnd& client) {
    EXPECT_THAT(client.read_through("awake\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  /// Two bodies of which neither is whole, and which have all the memory; a third one waits.
  void fill() {
    for (ClientEnd* client : {&one, &two}) client->send(head(kBody) + std::string(540'000, 'x'));
    EXPECT_TRUE(eventually([&] { return total() >= kBudget; }));
    three.send(head(kBody) + std::string(100'000, 'x'));
    EXPECT_TRUE(eventually([&] { return total() >= kBudget + BodyBudget::kSmallBody; }));
  }

  WorkerHarness worker{settings()};
  ClientEnd one = worker.connect(), two = worker.connect(), three = worker.connect();
  const std::string rest = std::string(kBody - 540'000, 'x');
};

TEST_F(BodyBudgetOfAWorker, HoldsLargeBodiesBackAndLosesNone) {
  fill();
  const std::uint64_t most = total();
  // Longer than body_timeout, which is not for those that the worker itself holds back, as it does
  // the third one. One of the others may go on, and does.
  const MonotonicTime until = now() + milliseconds(700);
  std::size_t sent = 0;
  EXPECT_TRUE(eventually([&] {
    one.send("x");
    two.send("x");
    ++sent;
    return now() > until;
  }));
  EXPECT_LT(total(), most + 100'000);
  one.send(rest.substr(sent));
  two.send(rest.substr(sent));
  expect_answer(one);
  expect_answer(two);
  three.send(std::string(kBody - 100'000, 'x'));
  expect_answer(three);
  EXPECT_EQ(total(), 0U);
}

TEST_F(BodyBudgetOfAWorker, LeavesSmallRequestsAlone) {
  fill();
  ClientEnd other = worker.connect();
  other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_answer(other);
  other.send(head(20'000) + std::string(20'000, 'x'));
  expect_answer(other);
}

TEST_F(BodyBudgetOfAWorker, GoesOnWhenTheOneThatMayGoOnLeaves) {
  fill();
  one.close();
  two.send(rest);
  expect_answer(two);
  three.close();
  EXPECT_TRUE(eventually([&] { return total() == 0; }));
}

TEST_F(BodyBudgetOfAWorker, GoesOnWhenTheOneThatMayGoOnIsTooSlow) {
  fill();
  two.send(rest);
  three.send(std::string(kBody - 100'000, 'x'));
  EXPECT_THAT(one.read_to_end(), StartsWith("HTTP/1.1 408 "));
  expect_answer(two);
  expect_answer(three);
}

}  // namespace
}  // namespace alicorn::test
