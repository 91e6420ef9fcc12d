#include "tests/support/temporary_folder.hpp"
#include "tests/support/worker_harness.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>

namespace alicorn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kBody = 600 * 1024;
constexpr std::uint64_t kBudget = 1024 * 1024;

/// A worker with memory for less than two bodies, by default with an app that takes them whole.
class BodyBudgetOfAWorker : public ::testing::Test {
 protected:
  static WorkerSettings settings(milliseconds body_timeout) {
    WorkerSettings settings;
    settings.app_path = ALICORN_BINARY_DIR "/tests/apps/slow.so";
    settings.limits.body_memory_max = kBudget;
    settings.limits.body_memory_each = 0;  // bodies stay in memory
    settings.deadlines.body = body_timeout;
    return settings;
  }
  explicit BodyBudgetOfAWorker(WorkerSettings its_settings = settings(milliseconds(30'000)))
      : worker(std::move(its_settings)) {}
  static std::string head(std::size_t size, const std::string& target = "/") {
    return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
           "\r\n\r\n";
  }
  std::uint64_t total() {
    std::uint64_t bytes = 0;
    worker.on_loop([&] { bytes = worker.app().bodies().total(); });
    return bytes;
  }
  bool reaches(std::uint64_t bytes) {
    return eventually([&] { return total() >= bytes; });
  }
  static void expect_answer(ClientEnd& client) {
    EXPECT_THAT(client.read_through("awake\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  static bool has_news(const ClientEnd& client) {
    pollfd waiting{client.fd(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }
  /// Two bodies of which neither is whole, and which have all the memory.
  void fill() {
    for (ClientEnd* client : {&one, &two}) client->send(head(kBody) + std::string(540'000, 'x'));
    EXPECT_TRUE(reaches(kBudget));
  }
  /// And a third one that waits.
  void fill_and_wait() {
    fill();
    three.send(head(kBody) + std::string(100'000, 'x'));
    EXPECT_TRUE(reaches(kBudget + BodyBudget::kSmallBody));
  }

  WorkerHarness worker;
  ClientEnd one = worker.connect(), two = worker.connect(), three = worker.connect();
  const std::string rest = std::string(kBody - 540'000, 'x');
};

TEST_F(BodyBudgetOfAWorker, HoldsLargeBodiesBackAndLosesNone) {
  fill_and_wait();
  const std::uint64_t most = total();
  one.send(rest.substr(0, 30'000));
  two.send(rest.substr(0, 30'000));
  EXPECT_LT(total(), most + 100'000);
  one.send(rest.substr(30'000));
  two.send(rest.substr(30'000));
  expect_answer(one);
  expect_answer(two);
  three.send(std::string(kBody - 100'000, 'x'));
  expect_answer(three);
  EXPECT_EQ(total(), 0U);
}

TEST_F(BodyBudgetOfAWorker, LeavesSmallRequestsAlone) {
  fill_and_wait();
  ClientEnd other = worker.connect();
  other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_answer(other);
  other.send(head(20'000) + std::string(20'000, 'x'));
  expect_answer(other);
}

TEST_F(BodyBudgetOfAWorker, GoesOnWhenTheOneThatMayGoOnLeaves) {
  fill_and_wait();
  one.close();
  two.send(rest);
  expect_answer(two);
  three.close();
  EXPECT_TRUE(eventually([&] { return total() == 0; }));
}

TEST_F(BodyBudgetOfAWorker, SeesWhoLeavesWhileItIsHeldBack) {
  fill_and_wait();
  ::shutdown(three.fd(), SHUT_WR);
  EXPECT_TRUE(eventually([&] { return total() < kBudget + BodyBudget::kSmallBody; }));
}

TEST_F(BodyBudgetOfAWorker, WaitsForWhoHasSaidAllAndReadsOn) {
  fill();
  three.send(head(100'000) + std::string(100'000, 'x'));
  ::shutdown(three.fd(), SHUT_WR);
  const auto waits = [&] { return total() >= kBudget + BodyBudget::kSmallBody; };
  EXPECT_TRUE(eventually(waits));
  EXPECT_TRUE(stays(waits, milliseconds(100)));
  one.send(rest);
  two.send(rest);
  expect_answer(three);
}

struct CountedShare final : BodyBudget::Share {
  void on_room() noexcept override { ++calls; }
  int calls = 0;
};

TEST(BodyBudget, KeepsNewcomersBehindThoseThatWait) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/tests/apps/slow.so";
  WorkerHarness worker(std::move(settings));
  BodyBudget budget(kBudget, milliseconds(0));
  CountedShare full, waiting, newcomer;
  worker.on_loop([&] {
    budget.set_executor(worker.app().executor());
    budget.set_size(full, kBudget);
    EXPECT_TRUE(budget.may_grow(full)) << "one may go beyond the limit";
    for (CountedShare* share : {&waiting, &newcomer}) {
      budget.set_size(*share, BodyBudget::kSmallBody);
    }
    EXPECT_FALSE(budget.may_grow(waiting));
    budget.release(full);
    EXPECT_FALSE(budget.may_grow(newcomer)) << "the memory belongs to the one that waits";
  });
  const auto calls_become = [&](CountedShare& share, int calls) {
    bool became = false;
    worker.on_loop([&] { became = share.calls == calls; });
    return became;
  };
  EXPECT_TRUE(eventually([&] { return calls_become(newcomer, 1); }));
  EXPECT_TRUE(calls_become(waiting, 1));
  worker.on_loop([&] {
    EXPECT_TRUE(budget.may_grow(waiting));
    EXPECT_TRUE(budget.may_grow(newcomer));
    budget.release(waiting);
    budget.release(newcomer);
  });
}

class BodyBudgetOfAHurry : public BodyBudgetOfAWorker {
 protected:
  BodyBudgetOfAHurry() : BodyBudgetOfAWorker(settings(milliseconds(1000))) {}
};

TEST_F(BodyBudgetOfAHurry, EndsAWaitAfterBodyTimeout) {
  one.send(head(kBudget, "/sleep?ms=1500") + std::string(kBudget, 'x'));
  EXPECT_TRUE(reaches(kBudget));
  two.send(head(10 * kBudget) + std::string(100'000, 'x'));  // the one that may go on
  EXPECT_TRUE(reaches(kBudget + 100'000));
  three.send(head(kBody) + std::string(100'000, 'x'));
  EXPECT_TRUE(eventually([&] {
    two.send(std::string(4096, 'x'));
    return has_news(three);
  }));
  EXPECT_THAT(three.read_to_end(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nRetry-After: 1\r\n")));
  EXPECT_FALSE(has_news(two)) << "it is as fast as one may ask";
}

/// What those do that have all the memory.
class HoldersOfMemory : public BodyBudgetOfAHurry, public ::testing::WithParamInterface<bool> {};

TEST_P(HoldersOfMemory, GiveWayIfTheyAreSlow) {
  fill();
  three.send(head(100'000) + std::string(100'000, 'x'));
  EXPECT_TRUE(eventually([&] {
    for (ClientEnd* client : {&one, &two}) {
      if (GetParam()) client->send("x");
    }
    return has_news(three);
  }));
  expect_answer(three);
  ClientEnd& refused = has_news(one) ? one : two;
  EXPECT_THAT(refused.read_to_end(), StartsWith("HTTP/1.1 503 "));
}

INSTANTIATE_TEST_SUITE_P(, HoldersOfMemory, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Trickling" : "Silent"; });

class BodyBudgetOfAStreamingApp : public BodyBudgetOfAWorker {
 protected:
  static WorkerSettings streaming(const TemporaryFolder& crashes) {
    WorkerSettings settings = BodyBudgetOfAWorker::settings(milliseconds(30'000));
    settings.app_path = ALICORN_BINARY_DIR "/examples/echo/echo.so";
    settings.threads = 3;
    settings.crash.directory = crashes.path();
    return settings;
  }
  BodyBudgetOfAStreamingApp() : BodyBudgetOfAWorker(streaming(TemporaryFolder())) {}
};

TEST_F(BodyBudgetOfAStreamingApp, BoundsWhatIsKeptForACrash) {
  for (ClientEnd* client : {&one, &two, &three}) {
    client->send(head(kBody, "/upload") + std::string(kBody - 1, 'x'));
  }
  EXPECT_TRUE(reaches(kBudget));
  for (ClientEnd* client : {&one, &two, &three}) {
    client->send("x");
    EXPECT_THAT(client->read_through("}"), HasSubstr("\"bytes\": " + std::to_string(kBody)));
    EXPECT_LE(total(), kBudget);
  }
}

}  // namespace
}  // namespace alicorn::test
