// Which requests are refused with which status, and what happens to the connection.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kNext = "GET /never HTTP/1.1\r\nHost: a\r\n\r\n";

/// Each request that the app gets has an access log line that ends with the app's annotation.
class Refusal : public ::testing::Test {
 protected:
  /// Sends the bytes with a good request right behind: the first is refused, the second never read.
  void expect_refused(const std::string& bytes, int status) {
    RawClient client(server.address());
    client.send(bytes + std::string(kNext));
    const Response response = client.read_response();
    EXPECT_EQ(response.status, status) << response.problem << "\n" << bytes.substr(0, 200);
    EXPECT_EQ(response.field("connection"), "close") << bytes.substr(0, 200);
    EXPECT_TRUE(client.is_closed()) << bytes.substr(0, 200);
    EXPECT_THAT(server.log(), Not(HasSubstr("app=echo"))) << bytes.substr(0, 200);
  }

  ServerProcess server{example("echo"),
                       {"--access-logfile", "-", "--access-logformat", "%(r)s app=%({app}e)s",
                        "--limit-request-line", "100", "--limit-request-field-size", "200",
                        "--limit-request-fields", "10", "--limit-request-body", "1000"}};
};

TEST_F(Refusal, Is414ForALongRequestLine) {
  expect_refused(get("/" + std::string(200, 'x')), 414);
  expect_refused("GET /" + std::string(10'000, 'x'), 414);
}

TEST_F(Refusal, Is431ForALongField) {
  expect_refused(get("/", {"X-Long: " + std::string(300, 'x')}), 431);
}

TEST_F(Refusal, Is431ForManyFields) {
  expect_refused(get("/", std::vector<std::string>(11, "X-Many: 1")), 431);
}

TEST_F(Refusal, Is413ForALargeBody) {
  expect_refused("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413);
}

TEST_F(Refusal, Is413ForALargeChunkedBodyAndEndsTheConnection) {
  RawClient client(server.address());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("400\r\n" + std::string(0x400, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 413);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Refusal, OfAnExpectedBodyComesWithout100Continue) {
  expect_refused(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
      413);
}

TEST_F(Refusal, Is400ForBadFraming) {
  for (const char* const fields :
       {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Content-Length: +1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 1, 1\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Content-Length : 1\r\n"}) {
    expect_refused("POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n", 400);
  }
  expect_refused("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501);
}

TEST_F(Refusal, Is400ForABadHead) {
  for (const char* const head :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 hello"}) {
    expect_refused(head, 400);
  }
  expect_refused(std::string("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 35), 400);
}

TEST_F(Refusal, Is505ForAnotherMajorVersion) {
  expect_refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
  expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}

TEST_F(Refusal, ComesAfterTheAnswersToEarlierGoodRequests) {
  RawClient client(server.address());
  client.send(get("/status?code=201") + "bad\r\n\r\n" + std::string(kNext));
  EXPECT_EQ(client.read_response().status, 201);
  EXPECT_EQ(client.read_response().status, 400);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Refusal, DoesNotEchoWhatWasSent) {
  RawClient client(server.address());
  client.send(get("/<script>", {"X y: <script>"}));
  EXPECT_THAT(client.read_to_end(), Not(HasSubstr("script")));
}

TEST_F(Refusal, IsLoggedWithItsReason) {
  expect_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400);
  EXPECT_TRUE(server.logs("refused a request status=400 reason="));
}

TEST_F(Refusal, IsCountedInAFlood) {
  constexpr int kFlood = 300;
  for (int i = 0; i < kFlood; ++i)
    expect_refused(i % 3 == 0 ? "bad\r\n\r\n" : "GET /\r\n\r\n", 400);
  EXPECT_TRUE(server.logs("refused more requests requests="));
  EXPECT_TRUE(eventually([&] {
    const std::string log = server.log();
    std::size_t told = server.count_in_log("refused a request ");
    for (std::size_t at = 0; (at = log.find(" requests=", at)) != std::string::npos; ++at) {
      told += std::stoul(log.substr(at + sizeof(" requests=") - 1));
    }
    return told == kFlood;
  }));
  EXPECT_LE(server.count_in_log("refused "), 20U);
}

TEST(Refusals, DoNotCountForMaxRequests) {
  ServerProcess server(example("hello_c"), {"-w", "1", "--max-requests", "10"});
  const auto workers = server.workers();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(ask(server.address(), "bad\r\n\r\n").status, 400);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_EQ(server.count_in_log("asks to be replaced"), 0U);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_TRUE(server.logs("asks to be replaced reason=max_requests"));
}

TEST_F(Refusal, ReachesAClientThatKeepsSending) {
  RawClient client(server.address());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" +
              std::string(500'000, 'x'));
  EXPECT_EQ(client.read_response().status, 413) << "no reset destroys the answer on its way";
  EXPECT_TRUE(client.is_closed());
  EXPECT_FALSE(client.was_reset());
}

TEST_F(Refusal, InsideAChunkedBodyEndsTheConnection) {
  for (const char* const chunk : {"-5\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n",
                                  "5\r\nhelloXX0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n"}) {
    RawClient client(server.address());
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                std::string(chunk) + std::string(kNext));
    EXPECT_EQ(client.read_response().status, 400) << chunk;
    EXPECT_TRUE(client.is_closed()) << chunk;
  }
}

TEST_F(Refusal, DoesNotDisturbOtherClients) {
  RawClient other(server.address());
  EXPECT_EQ(other.request(get("/status")).status, 200);
  ask(server.address(), "nonsense\r\n\r\n");
  EXPECT_EQ(other.request(get("/status")).status, 200);
}

TEST_F(Refusal, IsNotSentForATruncatedBody) {
  RawClient client(server.address());
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  client.half_close();
  EXPECT_EQ(client.read_to_end(), "");
}

class LimitOfConnections : public ::testing::Test {
 protected:
  static constexpr std::string_view kHalf = "GET /status HTTP/1.1\r\nHost:";
  ServerProcess server{example("echo"), {"-w", "1", "--worker-connections", "2"}};
  RawClient first{server.address()}, second{server.address()};
};

TEST_F(LimitOfConnections, HoldsNewClientsBackWhileAllAreBusy) {
  first.send(kHalf);
  second.send(kHalf);
  RawClient third(server.address());
  third.send(get("/status?code=203"));
  EXPECT_EQ(third.read_response(To::kOther, milliseconds(1'500)).status, 0) << "still waits";
  EXPECT_TRUE(server.logs("no connection is idle: new clients wait"));
  first.close();
  EXPECT_EQ(third.read_response().status, 203);
}

TEST_F(LimitOfConnections, ClosesTheConnectionIdleForLongest) {
  EXPECT_EQ(first.request(get("/status")).status, 200);
  EXPECT_EQ(second.request(get("/status")).status, 200);
  EXPECT_EQ(first.request(get("/status")).status, 200);
  RawClient third(server.address());
  EXPECT_EQ(third.request(get("/status?code=203")).status, 203);
  EXPECT_TRUE(second.is_closed());
  EXPECT_EQ(first.request(get("/status")).status, 200);
  EXPECT_TRUE(server.logs("worker_connections is reached"));
}

TEST_F(LimitOfConnections, ClosesAConnectionThatHasNeverSentAnything) {
  second.send(kHalf);
  EXPECT_EQ(ask(server.address(), get("/status?code=203")).status, 203);
  EXPECT_TRUE(first.is_closed());
  EXPECT_EQ(second.request(" a\r\n\r\n").status, 200);
}

}  // namespace
}  // namespace alicorn::test
