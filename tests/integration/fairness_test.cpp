// Clients that send the next request as soon as they have an answer, like a proxy's connection
// pool, and clients that come later: everybody gets a turn, again and again. Time is counted in
// rounds: the answers that each of the others gets meanwhile.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::PrintToString;

constexpr std::string_view kRequest = "/sleep?ms=7";

struct Stage {
  const char* name;
  bool is_loop, is_unix;
  int workers, threads;
  int clients;  ///< without think time
};
void PrintTo(const Stage& stage, std::ostream* out) {
  *out << stage.name;
}
std::string name_of(const ::testing::TestParamInfo<Stage>& info) {
  return info.param.name;
}

class Fairness : public ::testing::TestWithParam<Stage> {
 protected:
  void SetUp() override {
    const Stage& stage = GetParam();
    server = std::make_unique<ServerProcess>(
        stage.is_loop ? test_app("loop_app") : example("echo"),
        Arguments{"-b", stage.is_unix ? "unix:" + (folder / "app.sock") : "127.0.0.1:0", "-w",
                  std::to_string(stage.workers), "--threads", std::to_string(stage.threads)});
  }
  Load::Shape busy(int clients) const {
    Load::Shape shape;
    shape.clients = clients;
    shape.target = kRequest;
    shape.expected_body = GetParam().is_loop ? "awake\n" : "slept 7 ms\n";
    return shape;
  }
  /// Connects with a client of its own and asks; returns how many answers the luckiest of the other
  /// clients got in the meantime.
  std::uint64_t rounds_of_newcomer(const Load& others) {
    const std::vector<std::uint64_t> before = others.answered_each();
    const Response response = ask(server->address(), get(kRequest));
    std::vector<std::uint64_t> rounds = others.answered_each();
    EXPECT_EQ(response.status, 200) << response.problem;
    for (std::size_t i = 0; i < rounds.size(); ++i) rounds[i] -= before[i];
    return *std::max_element(rounds.begin(), rounds.end());
  }

  TemporaryFolder folder;
  std::unique_ptr<ServerProcess> server;
};

/// Two rounds, one that was about to end when the client came, and one for the client's thread to
/// see its answer.
constexpr std::uint64_t kRoundsMax = 4;

class FairnessOfShortCalls : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Workers, FairnessOfShortCalls, ::testing::Values(1, 2),
                         [](const auto& each) { return std::to_string(each.param); });

/// The loop's thread runs the calls one after another and no call returns on another thread. So
/// after a long call the others have queued up, and the queue never empties.
TEST_P(FairnessOfShortCalls, GivesANewcomerItsTurn) {
  const ServerProcess server(test_app("slow"), {"-w", std::to_string(GetParam())});
  const Load load(server.address(),
                  {.clients = 16, .target = "/sleep?ms=1", .expected_body = "awake\n"});
  EXPECT_TRUE(load.goes_on());
  for (int i = 0; i < GetParam(); ++i) {
    EXPECT_EQ(ask(server.address(), get("/sleep?ms=100")).status, 200);
  }
  EXPECT_TRUE(load.goes_on());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ask(server.address(), get("/sleep?ms=1")).status, 200) << i;
  }
}

/// Clients that download as fast as they can, over and over.
class Downloads {
 public:
  Downloads(const Address& address, std::string target, int clients)
      : address_(address), target_(std::move(target)) {
    for (int i = 0; i < clients; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Downloads() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  std::uint64_t mebibytes() const { return mebibytes_; }

 private:
  void run() {
    RawClient client(address_);
    while (!stopping_) {
      client.send(get(target_));
      EXPECT_EQ(client.read_head_alone().status, 200);
      for (int i = 0; i < 16; ++i, ++mebibytes_) EXPECT_EQ(client.discard(1 << 20), 1U << 20);
    }
  }

  const Address address_;
  const std::string target_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> mebibytes_{0};
  std::vector<std::thread> threads_;
};

class FairnessBesideDownloads : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, FairnessBesideDownloads, ::testing::Values("written", "copied", "given"),
                         [](const auto& each) { return std::string(each.param); });

/// They used to wait for some hundred MiB of the downloads. Three threads have to run for a small
/// answer, and the machine may be busy, so this is the median.
TEST_P(FairnessBesideDownloads, LetsSmallAnswersPass) {
  const ServerProcess server(test_app("large"), {"-w", "1", "--threads", "8"});
  const Downloads downloads(server.address(), std::string("/") + GetParam() + "?16", 6);
  ASSERT_TRUE(eventually([&] { return downloads.mebibytes() > 200; }));
  std::vector<std::uint64_t> waits;
  for (int i = 0; i < 15; ++i) {
    const std::uint64_t before = downloads.mebibytes();
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
    waits.push_back(downloads.mebibytes() - before);
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_LE(waits[waits.size() / 2], 32U) << PrintToString(waits);
}

INSTANTIATE_TEST_SUITE_P(, Fairness,
                         ::testing::Values(Stage{"OneThread", false, false, 1, 1, 3},
                                           Stage{"OneThreadUnix", false, true, 1, 1, 3},
                                           Stage{"OneThreadManyClients", false, false, 1, 1, 16},
                                           Stage{"FourThreads", false, false, 1, 4, 16},
                                           Stage{"FourWorkers", false, false, 4, 1, 16},
                                           Stage{"FourWorkersUnix", false, true, 4, 1, 16},
                                           Stage{"TwoWorkersOfFourThreads", false, false, 2, 4, 32},
                                           Stage{"LoopApp", true, false, 1, 1, 8},
                                           Stage{"LoopAppTwoWorkers", true, false, 2, 1, 8}),
                         name_of);

TEST_P(Fairness, GivesANewcomerItsTurnWithinTwoRounds) {
  Load others(server->address(), busy(GetParam().clients));
  ASSERT_TRUE(others.goes_on(40));
  for (int i = 0; i < 5; ++i) EXPECT_LE(rounds_of_newcomer(others), kRoundsMax);
}

TEST_P(Fairness, SharesEvenlyBetweenOldAndNewClients) {
  const int clients = GetParam().clients;
  Load old(server->address(), busy(clients / 2));
  ASSERT_TRUE(old.goes_on(40));
  Load newcomers(server->address(), busy(clients - clients / 2));
  ASSERT_TRUE(eventually([&] {
    const auto each = newcomers.answered_each();
    return *std::max_element(each.begin(), each.end()) > 2;
  }));
  const std::vector<std::uint64_t> old_before = old.answered_each();
  const std::vector<std::uint64_t> new_before = newcomers.answered_each();
  const auto turns = static_cast<std::uint64_t>(clients) * 20;
  ASSERT_TRUE(newcomers.goes_on(turns / 2));
  std::vector<std::uint64_t> shares = old.answered_each();
  const std::vector<std::uint64_t> of_newcomers = newcomers.answered_each();
  for (std::size_t i = 0; i < shares.size(); ++i) shares[i] -= old_before[i];
  for (std::size_t i = 0; i < of_newcomers.size(); ++i) {
    shares.push_back(of_newcomers[i] - new_before[i]);
  }
  const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
  EXPECT_GE(2 * *least, *most) << PrintToString(shares);
}

TEST_P(Fairness, GivesABurstOfNewcomersItsTurn) {
  Load others(server->address(), busy(GetParam().clients));
  ASSERT_TRUE(others.goes_on(40));
  const std::vector<std::uint64_t> before = others.answered_each();
  std::vector<std::unique_ptr<RawClient>> burst;
  for (int i = 0; i < GetParam().clients; ++i) {
    burst.push_back(std::make_unique<RawClient>(server->address()));
    burst.back()->send(get(kRequest, {"Connection: close"}));
  }
  for (const auto& client : burst) EXPECT_EQ(client->read_response().status, 200);
  std::vector<std::uint64_t> rounds = others.answered_each();
  for (std::size_t i = 0; i < rounds.size(); ++i) rounds[i] -= before[i];
  // The last newcomers wait longest: a burst as large as the number of other clients takes a round
  // of its own.
  EXPECT_LE(*std::max_element(rounds.begin(), rounds.end()), kRoundsMax + 2)
      << PrintToString(rounds);
}

TEST_P(Fairness, GivesNewcomersTheirTurnDuringAReload) {
  Load others(server->address(), busy(GetParam().clients));
  ASSERT_TRUE(others.goes_on(40));
  server->signal(SIGHUP);
  while (!server->logs("workers in place", 2, milliseconds(0))) {
    EXPECT_LE(rounds_of_newcomer(others), 2 * kRoundsMax);
  }
  EXPECT_LE(rounds_of_newcomer(others), 2 * kRoundsMax);
  const LoadReport report = others.stop();
  EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
}

}  // namespace
}  // namespace alicorn::test
