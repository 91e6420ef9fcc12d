// Memory taken by a storm of requests is returned when the storm is over.
#include "tests/support/raw_http.hpp"
#include "tests/support/resident_memory.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace alicorn::test {
namespace {

constexpr std::size_t kMiB = 1 << 20;

std::size_t resident_mib(pid_t pid) {
  return resident_kib(pid) / 1024;
}

class AfterAStorm : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  static constexpr int kClients = 40;
  static constexpr std::size_t kSize = 8 * kMiB;

  void SetUp() override {
    if (!kHeapIsGlibcs) GTEST_SKIP() << "a sanitizer's allocator keeps what is freed";
  }
  /// All clients at once: none reads, or ends its body, before every one has been served so far.
  void storm(const std::string& kind) const {
    std::vector<std::thread> threads;
    for (int i = 0; i < kClients; ++i) {
      threads.emplace_back([&] {
        RawClient client(server.address());
        if (kind == "uploads") {
          client.send(request("POST", "/", {}, std::string(kSize, 'x')));
          EXPECT_EQ(client.read_response().status, 200);
        } else {
          client.send(get("/" + kind + "?8"));
          EXPECT_EQ(client.read_response().body.size(), kSize);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  const ServerProcess server{test_app("large"), {"-w", "1", "--threads", "8"}};
};

TEST_P(AfterAStorm, TheMemoryIsReturnedToTheSystem) {
  const pid_t worker = server.workers().at(0);
  EXPECT_EQ(ask(server.address(), get("/given?1")).status, 200);
  const std::size_t before = resident_mib(worker);
  for (const std::string& kind : GetParam()) storm(kind);
  EXPECT_TRUE(eventually([&] { return resident_mib(worker) <= before + 30; }, milliseconds(10'000)))
      << before << " MiB before, " << resident_mib(worker) << " MiB after";
}

INSTANTIATE_TEST_SUITE_P(, AfterAStorm,
                         ::testing::Values(std::vector<std::string>{"copied", "uploads"},
                                           std::vector<std::string>{"uploads", "copied"},
                                           std::vector<std::string>{"given", "uploads", "given"},
                                           std::vector<std::string>{"uploads", "given"}),
                         [](const auto& each) {
                           std::string name;
                           for (std::string kind : each.param) {
                             kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
                             name += kind;
                           }
                           return name;
                         });

TEST(MaxWorkerRss, IgnoresMemoryThatAStormLeftBehind) {
  if (!kHeapIsGlibcs) GTEST_SKIP() << "a sanitizer's allocator keeps what is freed";
  // An allocator that an operator may choose for workers, and that keeps freed memory.
  ServerProcess server(
      test_app("large"), {"-w", "1", "--threads", "8", "--max-worker-rss", "60MiB"},
      ServerProcess::Options{.environment = {{"MALLOC_MMAP_THRESHOLD_", "33554432"},
                                             {"MALLOC_TRIM_THRESHOLD_", "1073741824"},
                                             {"MALLOC_TOP_PAD_", "0"}}});
  const auto workers = server.workers();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send(get("/copied?8"));
  }
  for (const auto& client : clients) EXPECT_EQ(client->read_response().body.size(), 8 * kMiB);
  clients.clear();
  EXPECT_TRUE(eventually([&] { return resident_mib(workers.at(0)) <= 60; }));
  EXPECT_TRUE(
      stays([&] { return server.count_in_log("asks to be replaced") == 0; }, milliseconds(1'500)));
  EXPECT_EQ(server.workers(), workers);
}

}  // namespace
}  // namespace alicorn::test
