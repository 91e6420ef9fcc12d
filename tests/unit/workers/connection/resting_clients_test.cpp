// Clients that have been idle for a while: they cost little, and notice nothing of it.
#include "workers/connection/resting_clients.hpp"

#include "tests/support/worker_harness.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace alicorn::test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;
const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

WorkerSettings settings(milliseconds keepalive = milliseconds(10'000)) {
  WorkerSettings settings;
  settings.app_path = ALICORN_BINARY_DIR "/tests/apps/slow.so";
  settings.deadlines.keepalive = keepalive;
  settings.deadlines.header = milliseconds(10'000);
  settings.connections_max = 4;
  return settings;
}

class RestingClientsTest : public ::testing::Test {
 protected:
  void serve(ClientEnd& client) {
    client.send(kGet);
    EXPECT_NE(client.read_through("awake\n"), "");
  }
  /// As if so much time had passed.
  void sweep(std::uint64_t later_us) {
    worker.on_loop([&] { worker.connections().sweep(to_us(now()) + later_us); });
  }
  void rest(std::size_t expected = 1) {
    EXPECT_TRUE(eventually([&] {
      sweep(kSecond + kSecond / 10);
      return resting() == expected;
    }));
  }
  std::size_t resting() {
    std::size_t count = 0;
    worker.on_loop([&] { count = worker.connections().resting(); });
    return count;
  }
  std::size_t size() {
    std::size_t count = 0;
    worker.on_loop([&] { count = worker.connections().size(); });
    return count;
  }
  /// The worker has closed the connection.
  static bool was_let_go(ClientEnd& client) { return client.read_to_end().empty(); }

  WorkerHarness worker{settings()};
};

TEST_F(RestingClientsTest, RestAfterASecondAndAreServedAgain) {
  ClientEnd client = worker.connect();
  serve(client);
  sweep(kSecond / 2);
  EXPECT_EQ(resting(), 0U);
  for (int round = 0; round < 3; ++round) {
    rest();
    EXPECT_EQ(size(), 1U);
    serve(client);
    EXPECT_EQ(resting(), 0U);
    EXPECT_EQ(size(), 1U);
  }
}

TEST_F(RestingClientsTest, AreFewBytes) {
  EXPECT_LE(sizeof(RestingClient) + sizeof(std::unique_ptr<RestingClient>) + 16, 200U);
}

TEST_F(RestingClientsTest, MayLeave) {
  ClientEnd gone = worker.connect(), half_closed = worker.connect();
  serve(gone);
  serve(half_closed);
  rest(2);
  gone.close();
  ::shutdown(half_closed.fd(), SHUT_WR);
  EXPECT_TRUE(was_let_go(half_closed));
  EXPECT_TRUE(eventually([&] { return size() == 0; }));
}

TEST_F(RestingClientsTest, AreClosedWhenKeepAliveIsOver) {
  ClientEnd client = worker.connect();
  serve(client);
  rest();
  sweep(9 * kSecond);
  EXPECT_EQ(size(), 1U);
  sweep(11 * kSecond);
  EXPECT_EQ(size(), 0U);
  EXPECT_TRUE(was_let_go(client));
}

TEST_F(RestingClientsTest, AreServedIfARequestIsThereWhenTheirTimeIsOver) {
  ClientEnd client = worker.connect();
  serve(client);
  rest();
  worker.on_loop([&] {
    client.send(kGet);
    worker.connections().sweep(to_us(now()) + 11 * kSecond);
  });
  EXPECT_NE(client.read_through("awake\n"), "");
}

/// Otherwise an empty line now and then would keep a connection for ever.
TEST_F(RestingClientsTest, GetNoMoreTimeByWaking) {
  ClientEnd client = worker.connect();
  rest();
  client.send("\r\n");
  EXPECT_TRUE(eventually([&] { return resting() == 0; }));
  sweep(9 * kSecond);
  EXPECT_EQ(size(), 1U);
  sweep(10 * kSecond);
  EXPECT_TRUE(was_let_go(client));
}

TEST_F(RestingClientsTest, AreClosedWhenTheWorkerDrains) {
  ClientEnd client = worker.connect();
  serve(client);
  rest();
  worker.on_loop([&] { worker.connections().drain(to_us(now())); });
  EXPECT_TRUE(was_let_go(client));
}

TEST_F(RestingClientsTest, AreServedIfARequestIsThereWhenNobodyHasTimeLeft) {
  ClientEnd silent = worker.connect(), asking = worker.connect();
  serve(silent);
  serve(asking);
  rest(2);
  worker.on_loop([&] {
    asking.send(kGet);
    worker.connections().expire_all();
  });
  EXPECT_TRUE(was_let_go(silent));
  EXPECT_NE(asking.read_through("awake\n"), "");
}

TEST_F(RestingClientsTest, AreCutWithAllOthers) {
  ClientEnd client = worker.connect();
  serve(client);
  rest();
  worker.on_loop([&] { worker.connections().cut_all(); });
  EXPECT_EQ(size(), 0U);
  EXPECT_TRUE(was_let_go(client));
}

TEST_F(RestingClientsTest, CountAgainstTheLimitAndTheOldestGoesFirst) {
  std::vector<ClientEnd> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(worker.connect());
    serve(clients.back());
  }
  rest(4);
  bool is_full = false;
  worker.on_loop([&] {
    is_full = worker.connections().is_full();
    worker.connections().make_room(to_us(now()));
  });
  EXPECT_TRUE(is_full);
  EXPECT_EQ(size(), 3U);
  EXPECT_TRUE(was_let_go(clients.front()));
}

TEST_F(RestingClientsTest, DoNotRestWithPartOfARequest) {
  ClientEnd client = worker.connect();
  serve(client);
  client.send("GET / HT");
  EXPECT_TRUE(stays(
      [&] {
        sweep(2 * kSecond);
        return resting() == 0;
      },
      milliseconds(100)));
  client.send("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_through("awake\n"), "");
}

}  // namespace
}  // namespace alicorn::test
