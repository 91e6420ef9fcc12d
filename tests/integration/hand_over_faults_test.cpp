// A worker is killed at each step of a hand-over. What it had in its hands is lost, but nothing
// else, and no request reaches the application twice.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace alicorn::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMayPreload = false;  // the sanitizer's library has to come first
#elif defined(__has_feature)
constexpr bool kMayPreload = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool kMayPreload = true;
#endif

constexpr int kClients = 12, kRequests = 150, kWorkers = 3;

struct Client {
  std::vector<std::string> answered, lost;
  int reconnects = 0;
  std::string problem;
};

/// Asks on one connection as long as it is there.
void run(const Address& address, int number, Client& client) {
  RawClient connection(address);
  for (int i = 0; i < kRequests; ++i) {
    const std::string id = std::to_string(number) + "-" + std::to_string(i);
    const bool is_sent = connection.send(get("/?" + id));
    const Response response = is_sent ? connection.read_response() : Response();
    if (response.status == 200 && response.body == "recorded\n") {
      client.answered.push_back(id);
      continue;
    }
    if (response.status != 0) client.problem = response.head;
    if (!connection.is_closed()) client.problem = "hangs: " + id;
    client.lost.push_back(id);
    ++client.reconnects;
    connection = RawClient(address);
  }
}

std::multiset<std::string> lines_of(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

class HandOverFaults : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(, HandOverFaults,
                         ::testing::Values("offer", "offered", "taken", "claimed"),
                         [](const auto& test) { return test.param; });

TEST_P(HandOverFaults, CostOnlyWhatTheKilledWorkerHad) {
  if (!kMayPreload) GTEST_SKIP() << "nothing can be preloaded into a program with a sanitizer";
  const TemporaryFolder folder;
  const std::string record = folder / "record";
  ServerProcess server(test_app("records"), {"-w", std::to_string(kWorkers)},
                       {.environment = {{"LD_PRELOAD", ALICORN_DIES_AT},
                                        {"ALICORN_TEST_DIES_AT", GetParam()},
                                        {"ALICORN_TEST_DIES_AFTER", "20"},
                                        {"ALICORN_TEST_RECORD", record}}});
  std::vector<Client> clients(kClients);
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back(run, server.address(), i, std::ref(clients[static_cast<std::size_t>(i)]));
  }
  for (std::thread& thread : threads) thread.join();

  const std::multiset<std::string> recorded = lines_of(read_file(record));
  const std::set<std::string> different(recorded.begin(), recorded.end());
  EXPECT_EQ(recorded.size(), different.size()) << "a request was served twice";
  const std::size_t kills = server.count_in_log("killed by SIGKILL");
  EXPECT_GT(kills, 0U);
  std::size_t lost = 0;
  for (const Client& client : clients) {
    EXPECT_EQ(client.problem, "");
    for (const std::string& id : client.answered) EXPECT_EQ(recorded.count(id), 1U) << id;
    lost += client.lost.size();
  }
  // Its own clients: those of the other workers lose nothing.
  EXPECT_LE(lost, kills * kClients * 2 / kWorkers);
  RecordProperty("kills", static_cast<int>(kills));
  RecordProperty("lost", static_cast<int>(lost));
}

}  // namespace
}  // namespace alicorn::test
