// The app's output: good answers reach the client whole, bad ones never do.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BadOutput : public ::testing::Test {
 protected:
  ServerProcess server{test_app("bad_output"), {}};
};

TEST_F(BadOutput, GetsA500IfItCannotBeSent) {
  RawClient client(server.address());
  for (const char* const path : {"/value-crlf", "/name-crlf", "/name-space", "/connection",
                                 "/chunked", "/status-low", "/status-high", "/nothing", "/fail"}) {
    const Response response = client.request(get(path));
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_FALSE(response.has("b")) << path;
    EXPECT_FALSE(response.has("connection")) << path;
    EXPECT_FALSE(response.has("transfer-encoding")) << path;
    EXPECT_TRUE(response.has("date")) << path;
  }
  EXPECT_EQ(client.request(get("/")).status, 200) << "and the connection goes on";
}

TEST_F(BadOutput, IsLogged) {
  EXPECT_EQ(ask(server.address(), get("/value-crlf")).status, 500);
  EXPECT_TRUE(server.logs("[error] worker 1")) << server.log();
}

TEST_F(BadOutput, CanBeCorrectedByTheApp) {
  const Response response = ask(server.address(), get("/recover"));
  EXPECT_EQ(response.body, "recovered\n");
  EXPECT_FALSE(response.has("set-cookie"));
}

TEST_F(BadOutput, OfAWrongLengthNeverBecomesTheNextResponse) {
  for (const char* const path : {"/length-long", "/length-short"}) {
    RawClient client(server.address());
    client.send(get(path) + get("/"));
    const std::string all = client.read_response().head;
    EXPECT_THAT(all, Not(HasSubstr("12345"))) << path;
  }
}

TEST_F(BadOutput, OfAWrongLengthGetsA500IfNothingWasSent) {
  for (const char* const path :
       {"/stream-short", "/stream-long", "/fail-begun", "/stream-unended"}) {
    RawClient client(server.address());
    const Response response = client.request(get(path));
    EXPECT_EQ(response.status, 500) << path << response.problem;
    EXPECT_EQ(response.body, "500 Internal Server Error\n") << path;
    EXPECT_EQ(client.request(get("/")).status, 200) << path;
  }
}

TEST_F(BadOutput, OnlyTheFirstAnswerCounts) {
  RawClient client(server.address());
  for (const char* const path : {"/twice", "/fail-answered"}) {
    EXPECT_EQ(client.request(get(path)).status, 200) << path;
  }
  EXPECT_EQ(client.request(get("/")).status, 200);
}

class Echo : public ::testing::Test {
 protected:
  ServerProcess server{example("echo"), {"--threads", "2"}};
  RawClient client{server.address()};
};

TEST_F(Echo, StreamsALargeBodyBothWaysAtOnce) {
  const std::string body(8'000'000, 'b');
  // A client that sends everything before it reads would block on full buffers.
  std::thread sender([&] { EXPECT_TRUE(client.send(request("POST", "/echo", {}, body))); });
  const Response response = client.read_response();
  sender.join();
  EXPECT_EQ(response.status, 200) << response.problem;
  EXPECT_TRUE(response.body == body);
  EXPECT_EQ(client.request(get("/status")).status, 200);
}

TEST_F(Echo, WaitsForAClientThatReadsSlowly) {
  RawClient slow(server.address(), 32 * 1024);
  slow.send(get("/large?bytes=3000000"));
  EXPECT_TRUE(slow.receives("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(client.request(get("/status")).status, 200) << "others are served meanwhile";
  EXPECT_EQ(slow.read_response().body.size(), 3'000'000U);
}

TEST_F(Echo, AnswersDeferredRequestsOfManyClientsAtOnce) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(server.address());
    clients.back().send(get("/defer?ms=200"));
  }
  for (RawClient& one : clients) EXPECT_EQ(one.read_response().body, "deferred for 200 ms\n");
}

TEST_F(Echo, ForgetsDeferredRequestsOfClientsThatLeft) {
  for (int i = 0; i < 20; ++i) {
    RawClient gone(server.address());
    gone.send(get("/defer?ms=30"));
    if (i % 2 == 0) gone.reset();
  }
  EXPECT_EQ(client.request(get("/defer?ms=60")).status, 200);
  EXPECT_EQ(client.request(get("/status")).status, 200);
}

TEST_F(Echo, SendsAFile) {
  ServerProcess files(example("echo"), {},
                      {.configuration = "app: {file: \"" ALICORN_SOURCE_DIR "/LICENSE\"}\n"});
  const std::string text = read_file(ALICORN_SOURCE_DIR "/LICENSE");
  RawClient reader(files.address());
  EXPECT_EQ(reader.request(get("/file")).body, text);
  reader.send(request("HEAD", "/file", {}));
  EXPECT_EQ(reader.read_response(To::kHead).field("content-length"), std::to_string(text.size()));
  EXPECT_EQ(reader.request(get("/file")).body, text);
}

TEST_F(Echo, AcceptsABodyThatTheAppDoesNotRead) {
  RawClient sender(server.address());
  sender.send(request("POST", "/status?code=202", {}, "unread") + get("/status?code=203"));
  EXPECT_EQ(sender.read_response().status, 202);
}

TEST_F(Echo, CountsAnUpload) {
  const std::string body(5'000'000, 'u');
  const Response response = client.request(request("PUT", "/upload", {}, body));
  EXPECT_THAT(response.body, HasSubstr("\"bytes\": 5000000"));
  EXPECT_EQ(client.request(get("/status")).status, 200);
}

}  // namespace
}  // namespace alicorn::test
