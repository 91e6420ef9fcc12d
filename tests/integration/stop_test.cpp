// The end of the server: every request gets an answer, if only a 503, and the server ends in time.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using Clients = std::vector<std::unique_ptr<RawClient>>;

Clients connect(const Address& address, std::size_t count) {
  Clients clients;
  while (clients.size() < count) clients.push_back(std::make_unique<RawClient>(address));
  return clients;
}

/// One call holds the only thread and others wait for it; a body and a head are still arriving.
class Stragglers : public ::testing::TestWithParam<int> {
 protected:
  Stragglers() {
    for (const auto& client : waiting) EXPECT_EQ(client->request(get("/")).status, 200);
    EXPECT_EQ(half.request(get("/")).status, 200);
    EXPECT_EQ(uploading.request(get("/")).status, 200);
    busy.send(get("/sleep?ms=60000"));
    EXPECT_FALSE(busy.receives("H", milliseconds(100)));
    for (const auto& client : waiting) client->send(get("/"));
    half.send("GET / HTTP/1.1\r\nHo");
    uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  }
  static void expect_refusal(RawClient& client, const std::string& who) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 503) << who << ": " << response.problem;
    EXPECT_EQ(response.field("connection"), "close") << who;
    EXPECT_TRUE(client.is_closed()) << who;
    EXPECT_FALSE(client.was_reset()) << who;
  }

  ServerProcess server{test_app("slow"), {"-w", "1", "--graceful-timeout", "0.5"}};
  Clients waiting = connect(server.address(), 3);
  RawClient half{server.address()}, uploading{server.address()}, busy{server.address()};
};

INSTANTIATE_TEST_SUITE_P(, Stragglers, ::testing::Values(SIGTERM, SIGINT), [](const auto& stop) {
  return stop.param == SIGTERM ? "OfAGracefulStop" : "OfAQuickStop";
});

TEST_P(Stragglers, AreAnswered503) {
  server.signal(GetParam());
  expect_refusal(busy, "the one in the app");
  for (const auto& client : waiting) expect_refusal(*client, "one that waits for a thread");
  expect_refusal(uploading, "the one with half a body");
  expect_refusal(half, "the one with half a head");
  EXPECT_EQ(server.wait_for_end(milliseconds(6000)).value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server.nothing_is_left());
  const std::string limit = GetParam() == SIGTERM ? "graceful_timeout" : "quick stop";
  EXPECT_THAT(server.log(), HasSubstr(limit + ": leaving with work unfinished"));
  EXPECT_EQ(server.count_in_log("SIGKILL"), 0U) << "it left by itself";
}

/// Within seconds: a client whose connection is silently dropped would retry for two minutes.
bool is_refused(const Address& address) {
  const UniqueFd client(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 3, .tv_usec = 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return ::connect(client.get(), address.data(), address.size()) < 0 && errno == ECONNREFUSED;
}

class StopOfAServer : public ::testing::TestWithParam<Arguments> {};
INSTANTIATE_TEST_SUITE_P(, StopOfAServer,
                         ::testing::Values(Arguments{}, Arguments{"--preload", "-w", "3"}),
                         [](const auto& each) { return each.index == 0 ? "Plain" : "Preloading"; });

TEST_P(StopOfAServer, RefusesNewClientsWhileItFinishesItsRequests) {
  ServerProcess server(example("echo"), GetParam());
  RawClient busy(server.address());
  begin_upload(busy);
  server.signal(SIGTERM);
  EXPECT_TRUE(server.logs("stopping"));
  EXPECT_TRUE(eventually([&] { return is_refused(server.address()); }));
  EXPECT_TRUE(is_alive(server.pid()));
  EXPECT_EQ(finish_upload(busy).status, 200);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
}

TEST(Stop, IsHurriedByASecondTermUnlessItComesWithTheFirst) {
  ServerProcess server(test_app("slow"), {"--graceful-timeout", "60"});
  RawClient busy(server.address());
  busy.send(get("/sleep?ms=60000"));
  EXPECT_FALSE(busy.receives("H", milliseconds(100)));
  server.signal(SIGTERM);
  EXPECT_TRUE(server.logs("stopping"));
  server.signal(SIGTERM);
  EXPECT_FALSE(busy.receives("H", milliseconds(1100))) << "nobody is in a hurry yet";
  server.signal(SIGTERM);
  EXPECT_EQ(busy.read_response().status, 503);
  EXPECT_EQ(server.wait_for_end(milliseconds(6000)).value_or(Ending{}).exit_code, 0);
}

/// The application is notified of the stop at once, and goes on serving.
TEST(Stop, FinishesARequestDeferredAfterTheDrain) {
  ServerProcess server(example("echo"), {"-w", "1", "--graceful-timeout", "10"});
  RawClient kept(server.address());
  EXPECT_EQ(kept.request(get("/status")).status, 200);
  RawClient deferred(server.address());
  deferred.send(get("/defer?ms=3600000"));
  EXPECT_FALSE(deferred.receives("H", milliseconds(50)));
  server.signal(SIGTERM);
  EXPECT_EQ(deferred.read_response().status, 200) << "drain ends what waits for its time";
  const Response response = kept.request(get("/defer?ms=10"));
  EXPECT_EQ(response.status, 200) << response.problem;
  EXPECT_EQ(response.body, "deferred for 10 ms\n");
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_EQ(server.count_in_log("work unfinished"), 0U);
}

/// 200 at once: half in the app with long handlers, half still in the listener's backlog.
TEST(Stop, LosesNoneOfTwoHundredConnections) {
  ServerProcess server(example("echo"), {"-w", "4", "--threads", "25"});
  const Clients clients = connect(server.address(), 200);
  for (const auto& client : clients) ASSERT_TRUE(client->send(get("/sleep?ms=1500")));
  server.signal(SIGTERM);
  for (const auto& client : clients) {
    const Response response = client->read_response();
    ASSERT_EQ(response.status, 200) << response.problem;
    ASSERT_EQ(response.field("connection"), "close");
  }
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_FALSE(RawClient(server.address()).is_connected()) << "nobody listens any more";
}

class QuickStop : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(, QuickStop, ::testing::Values(SIGINT, SIGQUIT),
                         [](const auto& each) { return each.param == SIGINT ? "Int" : "Quit"; });

/// With a request in flight whose handler does not return.
TEST_P(QuickStop, TakesLittleMoreThanASecond) {
  ServerProcess server(test_app("slow"), {"-w", "1"});
  RawClient client(server.address());
  client.send(get("/sleep?ms=20000"));
  EXPECT_FALSE(client.receives("H", milliseconds(100)));
  const MonotonicTime begin = now();
  server.signal(GetParam());
  EXPECT_EQ(client.read_response().status, 503);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_LT(now() - begin, milliseconds(2'000)) << "on a machine that is busy with other tests";
}

}  // namespace
}  // namespace alicorn::test
