// When a worker whose call table is full of deferred requests asks to be replaced.
#include "tests/support/worker_harness.hpp"
#include "workers/app/app_side.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

/// Its table is full of requests that the app has deferred and does not finish.
class FullOfDeferrals : public ::testing::Test {
 protected:
  static constexpr std::size_t kConsiderable = WorkerHarness::kCallsMax / 8;
  /// Longer than the watch waits until it takes the table for stuck.
  static constexpr milliseconds kWhile{1300};

  FullOfDeferrals() {
    for (std::uint32_t i = 0; i < WorkerHarness::kCallsMax; ++i) {
      clients.push_back(worker.connect());
      clients.back().send("GET /lose HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    EXPECT_TRUE(eventually([&] {
      bool is_full = false;
      worker.on_loop([&] { is_full = worker.app().calls().is_full(); });
      return is_full;
    }));
  }
  ~FullOfDeferrals() override {
    worker.on_loop([&] { finish_all(); });
  }

  void finish_all() {
    CallTable& calls = worker.app().calls();
    calls.for_each_in_use([&](AppCall& call) {
      AppSide(call).complete(calls.tokens().generation(call.facts().abi().token), 200, nullptr, 0,
                             nullptr);
    });
  }
  void let_leave(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) clients.pop_back();
  }
  bool asks_for_nothing() {
    return stays([&] { return worker.recyclings_asked == 0; }, kWhile);
  }
  static WorkerSettings settings() {
    WorkerSettings settings;
    settings.app_path = ALICORN_BINARY_DIR "/tests/apps/loses.so";
    return settings;
  }

  WorkerHarness worker{settings()};
  std::vector<ClientEnd> clients;
};

TEST_F(FullOfDeferrals, IsReplacedAlsoWhenTheClientsLeaveLater) {
  EXPECT_TRUE(asks_for_nothing()) << "a replacement would have just as many";
  let_leave(clients.size());
  EXPECT_TRUE(eventually([&] { return worker.recyclings_asked > 0; }));
}

TEST_F(FullOfDeferrals, IsNotReplacedForAFewThatAreLost) {
  let_leave(kConsiderable - 1);
  EXPECT_TRUE(asks_for_nothing());
  let_leave(1);
  EXPECT_TRUE(eventually([&] { return worker.recyclings_asked > 0; }));
}

}  // namespace
}  // namespace alicorn::test
