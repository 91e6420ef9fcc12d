// What every HTTP client relies on: versions, keep-alive, pipelining, HEAD, chunks, half-closed
// connections.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class BasicHttp : public ::testing::Test {
 protected:
  ServerProcess server{example("echo"), {"-w", "1"}};
  RawClient client{server.address()};
};

TEST_F(BasicHttp, AnswersARequestAndKeepsTheConnection) {
  for (int i = 0; i < 3; ++i) {
    const Response response = client.request(get("/status?code=201"));
    EXPECT_EQ(response.status, 201) << response.problem;
    EXPECT_EQ(response.body, "status 201\n");
    EXPECT_TRUE(response.has("date"));
    EXPECT_EQ(response.field("server"), "alicorn");
    EXPECT_THAT(response.field("connection"), AnyOf("", "keep-alive"));
  }
}

TEST_F(BasicHttp, ClosesWhenTheClientSaysSo) {
  const Response response = client.request(get("/status", {"Connection: close"}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(BasicHttp, ClosesAfterARequestOfHttp10) {
  const Response response = client.request("GET /status HTTP/1.0\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "status 200\n");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(BasicHttp, KeepsAnHttp10ConnectionIfAsked) {
  for (int i = 0; i < 2; ++i) {
    const Response response =
        client.request("GET /status HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.field("connection"), "keep-alive");
  }
}

TEST_F(BasicHttp, SendsABodyOfUnknownLengthToHttp10UntilItCloses) {
  const Response response = client.request("GET /stream?chunks=3 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(response.status, 200) << response.problem;
  EXPECT_FALSE(response.has("transfer-encoding"));
  EXPECT_FALSE(response.has("content-length"));
  EXPECT_EQ(response.body, "chunk 1\nchunk 2\nchunk 3\n");
}

TEST_F(BasicHttp, AnswersPipelinedRequestsInOrder) {
  std::string all;
  for (int code = 200; code < 230; ++code) {
    all += get("/status?code=" + std::to_string(code == 204 ? 200 : code));
  }
  client.send(all);
  for (int code = 200; code < 230; ++code) {
    EXPECT_EQ(client.read_response().status, code == 204 ? 200 : code);
  }
}

TEST_F(BasicHttp, AnswersPipelinedUploadsInOrder) {
  client.send(request("POST", "/echo", {}, "first") + request("POST", "/echo", {}, "second") +
              get("/status?code=202"));
  EXPECT_EQ(client.read_response().body, "first");
  EXPECT_EQ(client.read_response().body, "second");
  EXPECT_EQ(client.read_response().status, 202);
}

TEST_F(BasicHttp, PipelinesBehindASlowAnswer) {
  client.send(get("/defer?ms=100") + get("/status?code=201") + get("/sleep?ms=50") +
              get("/status?code=202"));
  EXPECT_EQ(client.read_response().body, "deferred for 100 ms\n");
  EXPECT_EQ(client.read_response().status, 201);
  EXPECT_EQ(client.read_response().body, "slept 50 ms\n");
  EXPECT_EQ(client.read_response().status, 202);
}

TEST_F(BasicHttp, AnswersHeadWithTheLengthAndNoBody) {
  client.send(request("HEAD", "/status", {}) + get("/status?code=201"));
  const Response head = client.read_response(To::kHead);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("content-length"), "11");
  EXPECT_EQ(client.read_response().status, 201) << "nothing of a body is in the way";
}

TEST_F(BasicHttp, AnswersHeadOfAStreamWithoutItsChunks) {
  client.send(request("HEAD", "/stream", {}) + get("/status?code=201"));
  EXPECT_EQ(client.read_response(To::kHead).status, 200);
  EXPECT_EQ(client.read_response().status, 201);
}

TEST_F(BasicHttp, SendsNoBodyWith204And304) {
  for (const std::string code : {"204", "304"}) {
    client.send(get("/status?code=" + code) + get("/status?code=201"));
    EXPECT_EQ(std::to_string(client.read_response().status), code);
    EXPECT_EQ(client.read_response().status, 201);
  }
}

TEST_F(BasicHttp, SendsA205WithoutItsBody) {
  client.send(get("/status?code=205") + get("/status?code=201"));
  const Response reset = client.read_response();
  EXPECT_EQ(reset.status, 205);
  EXPECT_EQ(reset.field("content-length"), "0");
  EXPECT_EQ(reset.body, "");
  EXPECT_EQ(client.read_response().status, 201);
}

TEST_F(BasicHttp, StreamsInChunks) {
  const Response response = client.request(get("/stream?chunks=3"));
  EXPECT_EQ(response.field("transfer-encoding"), "chunked");
  EXPECT_EQ(response.body, "chunk 1\nchunk 2\nchunk 3\n");
  EXPECT_EQ(client.request(get("/status")).status, 200);
}

TEST_F(BasicHttp, AcceptsAChunkedBody) {
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5\r\nhello\r\n1;extension=1\r\n \r\n");
  client.send("5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n");
  const Response response = client.read_response();
  EXPECT_EQ(response.body, "hello world");
  EXPECT_EQ(client.request(get("/status")).status, 200);
}

TEST_F(BasicHttp, PassesTrailersToTheApp) {
  const Response response = client.request(
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-Checksum: 42\r\n\r\n");
  EXPECT_THAT(response.body, HasSubstr(R"("body_base64": "YWJj")"));
  EXPECT_THAT(response.body, HasSubstr(R"("trailers": [["x-checksum", "42"]])"));
}

TEST_F(BasicHttp, SendsTrailers) {
  const Response response = client.request(get("/trailers"));
  EXPECT_EQ(response.body, "the checksum follows\n");
  ASSERT_EQ(response.trailers.size(), 1U);
  EXPECT_EQ(response.trailers[0].first, "x-checksum");
}

TEST_F(BasicHttp, SendsInterimResponsesFirst) {
  client.send(get("/interim"));
  const Response interim = client.read_response();
  EXPECT_EQ(interim.status, 103);
  EXPECT_EQ(interim.field("link"), "</style.css>; rel=preload; as=style");
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(BasicHttp, SendsNoInterimResponseToHttp10) {
  EXPECT_EQ(client.request("GET /interim HTTP/1.0\r\n\r\n").status, 200);
}

TEST_F(BasicHttp, Sends100ContinueForAnExpectedBody) {
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 100);
  client.send("abc");
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr(R"("body_base64": "YWJj")"));
}

TEST_F(BasicHttp, SendsNo100ContinueWithinTheAnswer) {
  // This app begins its answer before it reads, so whether 100 Continue is still in time is a race.
  for (int i = 0; i < 100; ++i) {
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_TRUE(client.receives("HTTP/1.1 "));
    client.send("hello");
    Response response = client.read_response();
    if (response.status == 100) response = client.read_response();
    ASSERT_EQ(response.status, 200) << response.problem;
    ASSERT_EQ(response.body, "hello");
  }
}

TEST_F(BasicHttp, SendsNo100ContinueIfTheAppDoesNotReadTheBody) {
  client.send(
      "POST /status?code=403 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
      "Expect: 100-continue\r\n\r\n");
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(BasicHttp, RefusesOtherExpectations) {
  EXPECT_EQ(client.request(get("/", {"Expect: miracles"})).status, 417);
}

TEST_F(BasicHttp, AnswersAHalfClosedClient) {
  client.send(get("/defer?ms=50") + get("/status?code=201"));
  client.half_close();
  EXPECT_EQ(client.read_response().body, "deferred for 50 ms\n");
  EXPECT_EQ(client.read_response().status, 201);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(BasicHttp, SendsAllOfALargeAnswerToAHalfClosedClient) {
  client.send(get("/large?bytes=4000000"));
  client.half_close();
  EXPECT_EQ(client.read_response().body.size(), 4'000'000U);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(BasicHttp, AcceptsRequestsByteByByte) {
  const std::string bytes = request("POST", "/echo", {"X-Long: " + std::string(100, 'x')}, "body") +
                            get("/status?code=201");
  for (const char& byte : bytes) client.send({&byte, 1});
  EXPECT_EQ(client.read_response().body, "body");
  EXPECT_EQ(client.read_response().status, 201);
}

TEST_F(BasicHttp, SkipsAnEmptyLineBeforeARequest) {
  EXPECT_EQ(client.request("\r\n" + get("/status?code=201")).status, 201);
}

TEST_F(BasicHttp, PassesTheWholeRequestToTheApp) {
  const Response response = client.request(
      "PATCH /a%20b?c=d&e HTTP/1.1\r\nHost: name:81\r\nX-One: 1\r\nx-one: 2\r\n"
      "Content-Length: 3\r\n\r\nabc");
  for (const char* const member :
       {R"("method": "PATCH")", R"("target": "/a%20b?c=d&e")", R"("path": "/a%20b")",
        R"("query": "c=d&e")", R"("version": "1.1")", R"("scheme": "http")",
        R"("authority": "name:81")", R"("client_address": "127.0.0.1")",
        R"("server_address": "127.0.0.1")", R"(["x-one", "1"], ["x-one", "2"])",
        R"("content_length": 3)", R"("body_base64": "YWJj")"}) {
    EXPECT_THAT(response.body, HasSubstr(member));
  }
  EXPECT_THAT(response.body,
              HasSubstr("\"server_port\": " + std::to_string(server.address().port())));
}

TEST_F(BasicHttp, GivesEachRequestAnId) {
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const std::string body = client.request(get("/")).body;
    const std::size_t at = body.find(R"("request_id": ")");
    ids.insert(body.substr(at, 60));
  }
  EXPECT_EQ(ids.size(), 5U);
  EXPECT_THAT(client.request(get("/", {"X-Request-Id: from-the-proxy"})).body,
              HasSubstr(R"("request_id": "from-the-proxy")"));
}

TEST_F(BasicHttp, KeepsDuplicateFieldsOfTheAnswer) {
  const Response response = client.request(get("/headers?count=2"));
  EXPECT_EQ(response.field("set-cookie"), "a=1, b=2");
  EXPECT_EQ(response.field("x-header-2"), "value");
}

TEST_F(BasicHttp, SurvivesAClientThatResets) {
  client.send(get("/large?bytes=50000000"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200"));
  client.reset();
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200);
}

TEST_F(BasicHttp, ServesOverIpv6AndAUnixSocketToo) {
  const TemporaryFolder folder;
  ServerProcess both(example("echo"), {"-b", "[::1]:0", "-b", "unix:" + (folder / "app.sock")});
  ASSERT_EQ(both.addresses().size(), 2U);
  const Response inet = ask(both.addresses()[0], get("/"));
  EXPECT_THAT(inet.body, HasSubstr(R"("client_address": "::1")"));
  const Response local = ask(both.addresses()[1], get("/"));
  EXPECT_EQ(local.status, 200);
  EXPECT_THAT(local.body, HasSubstr(R"("client_port": 0)"));
}

TEST(Examples, HelloCAndHelloCppSayHello) {
  for (const char* const name : {"hello_c", "hello_cpp"}) {
    ServerProcess server(example(name), {});
    const Response response = ask(server.address(), get("/"));
    EXPECT_EQ(response.status, 200) << name;
    EXPECT_THAT(response.body, StartsWith("Hello, world")) << name;
  }
}

TEST(Examples, TheClockTicksAndEnds) {
  ServerProcess server(example("sse_clock"), {}, {.configuration = "app: {interval_ms: 10}\n"});
  RawClient client(server.address());
  const Response response = client.request(get("/?count=3"));
  EXPECT_EQ(response.field("content-type"), "text/event-stream");
  EXPECT_THAT(response.body, ::testing::MatchesRegex("retry: 1000\n\n(data: [^\n]+\n\n){3}"));
  EXPECT_EQ(client.request(get("/?count=1")).status, 200);
}

TEST(Examples, TheClocksOfManyClientsStopWithTheServer) {
  ServerProcess server(example("sse_clock"), {}, {.configuration = "app: {interval_ms: 10}\n"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server.address());
    clients.back().send(get("/"));
    EXPECT_TRUE(clients.back().receives("HTTP/1.1 200 OK\r\n"));
  }
  clients.front().reset();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end(milliseconds(10'000)).value_or(Ending{}).exit_code, 0);
  for (std::size_t i = 1; i < clients.size(); ++i) {
    EXPECT_THAT(clients[i].read_to_end(), ::testing::EndsWith("\r\n0\r\n\r\n")) << "a whole answer";
  }
}

TEST(LoopApp, IsCalledOnTheLoopWithWholeBodies) {
  ServerProcess server(test_app("loop_app"), {});
  RawClient client(server.address());
  EXPECT_EQ(client.request(request("POST", "/", {}, std::string(100'000, 'x'))).body, "100000\n")
      << "called once all of it is there";
  EXPECT_EQ(client.request(get("/")).body, "0\n");
}

}  // namespace
}  // namespace alicorn::test
