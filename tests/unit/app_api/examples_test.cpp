// The examples, as they are built, on the test host.
#include "alicorn/testing.hpp"
#include "alicorn/testing/library.hpp"
#include "tests/unit/app_api/built_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace alicorn {
namespace {

using test::example;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kHellos[] = {"hello_c", "hello_cpp", "hello_rust"};

TEST(Examples, HelloIsTheSameInEveryLanguage) {
  for (const char* name : kHellos) {
    if (!std::filesystem::exists(example(name))) continue;  // no rustc
    const TestLibrary library(example(name));
    TestHost host(library.entry());
    const TestAnswer answer = host.run({});
    EXPECT_TRUE(answer.ok()) << name << ": " << answer.mistakes_text();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "text/plain");
    EXPECT_EQ(answer.body, "Hello, world\n");
  }
}

TEST(Examples, HelloIsNoLongerThanItMustBe) {
  for (const char* path : {"/examples/hello_c/hello.c", "/examples/hello_cpp/hello.cpp"}) {
    std::ifstream file(std::string(ALICORN_SOURCE_DIR) + path);
    const auto lines = std::count(std::istreambuf_iterator<char>(file), {}, '\n');
    EXPECT_GT(lines, 0) << path;
    EXPECT_LE(lines, 8) << path;
  }
}

class Echo : public ::testing::Test {
 protected:
  TestAnswer get(const std::string& target) {
    TestAnswer answer = host_.run({.target = target});
    EXPECT_TRUE(answer.ok()) << target << ": " << answer.mistakes_text();
    return answer;
  }

  TestLibrary library_{example("echo")};
  TestHost host_{library_.entry(),
                 {.config = {{"file", ALICORN_SOURCE_DIR "/examples/echo/timer.hpp"}}}};
};

TEST_F(Echo, GivesAnAccountOfTheRequest) {
  const TestAnswer answer =
      host_.run({.method = "POST",
                 .target = "/a%20b?c=\"d\"",
                 .headers = {{"Host", "x"}, {"Accept", "a"}, {"Accept", "\xe4"}},
                 .pieces = {"ab", std::string(1, '\0')},
                 .trailers = {{"x-sum", "1"}}});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(answer.body, R"({
  "method": "POST",
  "target": "/a%20b?c=\"d\"",
  "path": "/a%20b",
  "query": "c=\"d\"",
  "version": "1.1",
  "scheme": "http",
  "authority": "localhost",
  "client_address": "127.0.0.1",
  "client_port": 50000,
  "server_address": "127.0.0.1",
  "server_port": 8000,
  "request_id": "test-request",
  "headers": [["host", "x"], ["accept", "a"], ["accept", "\u00e4"]],
  "content_length": -1,
  "body_size": 3,
  "body_base64": "YWIA",
  "trailers": [["x-sum", "1"]]
}
)");
  EXPECT_EQ(answer.annotations.at(0).name, "app");
}

TEST_F(Echo, EncodesEveryLengthOfBody) {
  const std::pair<const char*, const char*> kPairs[] = {{"", "\"\""},
                                                        {"f", "\"Zg==\""},
                                                        {"fo", "\"Zm8=\""},
                                                        {"foo", "\"Zm9v\""},
                                                        {"foob", "\"Zm9vYg==\""}};
  for (const auto& [body, encoded] : kPairs) {
    EXPECT_THAT(host_.run({.method = "PUT", .body = body}).body,
                HasSubstr(std::string("\"body_base64\": ") + encoded + ","));
  }
}

TEST_F(Echo, EchoesAndCountsBodies) {
  const TestRequest upload{.method = "POST", .target = "/upload", .pieces = {"1234", "56789"}};
  EXPECT_EQ(host_.run(upload).body, "{\"bytes\": 9, \"crc32\": 3421780262}\n")
      << "CRC-32's check value";
  const TestAnswer echo = host_.run(
      {.method = "POST", .target = "/echo", .headers = {{"Content-Type", "a/b"}}, .body = "xyz"});
  EXPECT_TRUE(echo.ok()) << echo.mistakes_text();
  EXPECT_EQ(echo.body, "xyz");
  EXPECT_EQ(echo.header("content-type"), "a/b");
}

TEST_F(Echo, LeavesQuietlyWhenTheClientDoes) {
  const TestAnswer cut =
      host_.run({.method = "POST", .target = "/upload", .pieces = {"1"}, .body_is_cut = true});
  EXPECT_FALSE(cut.is_whole);
  EXPECT_TRUE(cut.mistakes.empty()) << cut.mistakes_text();
}

TEST_F(Echo, StreamsInPieces) {
  EXPECT_EQ(get("/stream?chunks=2").body, "chunk 1\nchunk 2\n");
  EXPECT_EQ(get("/large?bytes=200001").body, std::string(200'001, 'x'));
  EXPECT_EQ(get("/large?bytes=0").body, "");
  const TestAnswer trailers = get("/trailers");
  ASSERT_EQ(trailers.trailers.size(), 1U);
  EXPECT_EQ(trailers.trailers[0].name, "x-checksum");
  EXPECT_EQ(get("/interim").interim.at(0).status, 103);
}

TEST_F(Echo, SendsTheConfiguredFile) {
  EXPECT_THAT(get("/file").body, StartsWith("// A thread that runs"));
}

TEST_F(Echo, DefersAndBlocks) {
  const TestAnswer deferred = get("/defer?ms=1");
  EXPECT_TRUE(deferred.was_deferred);
  EXPECT_EQ(deferred.body, "deferred for 1 ms\n");
  const TestAnswer blocked = get("/sleep?ms=1");
  EXPECT_FALSE(blocked.was_deferred);
  EXPECT_EQ(blocked.body, "slept 1 ms\n");
}

TEST_F(Echo, FinishesWhatIsDeferredWhenItDrains) {
  const alicorn_token token = host_.start({.target = "/defer?ms=3600000"});
  host_.drain();
  EXPECT_EQ(host_.wait(token).body, "deferred for 3600000 ms\n");
}

TEST_F(Echo, FinishesWhatIsDeferredAfterItHasDrained) {
  host_.drain();
  EXPECT_EQ(get("/defer?ms=3600000").body, "deferred for 3600000 ms\n");
  EXPECT_EQ(get("/defer?ms=3600000").body, "deferred for 3600000 ms\n");
}

TEST_F(Echo, SetsStatusAndHeaders) {
  EXPECT_EQ(get("/status?code=404").status, 404);
  EXPECT_EQ(host_.run({.target = "/status?code=99"}).status, 500) << "the host refuses it";
  const TestAnswer headers = get("/headers?count=20");
  EXPECT_EQ(headers.headers.size(), 22U);
  EXPECT_EQ(headers.headers[1].value, "b=2");
  EXPECT_EQ(headers.header("x-header-20"), "value");
}

TEST(EchoWithoutConfiguration, HasNoFile) {
  const TestLibrary library(example("echo"));
  TestHost host(library.entry());
  EXPECT_EQ(host.run({.target = "/file"}).status, 404);
}

class SseClock : public ::testing::Test {
 protected:
  TestLibrary library_{example("sse_clock")};
  TestHost host_{library_.entry(), {.config = {{"interval_ms", "1"}}}};
};

TEST_F(SseClock, TicksUntilItsCountIsReached) {
  const alicorn_token first = host_.start({.target = "/?count=3"});
  const alicorn_token second = host_.start({.target = "/?count=1"});
  const TestAnswer answer = host_.wait(first);
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  EXPECT_THAT(answer.body, StartsWith("retry: 1000\n\ndata: 20"));
  EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), 'Z'), 3) << answer.body;
  EXPECT_TRUE(host_.wait(second).ok());
}

TEST_F(SseClock, EndsWhenTheClientLeavesAndWhenTheWorkerStops) {
  const alicorn_token left = host_.start({});
  host_.cancel(left, ALICORN_CANCEL_CLIENT_GONE);
  const TestAnswer answer = host_.wait(left);
  EXPECT_TRUE(answer.mistakes.empty()) << answer.mistakes_text();
  EXPECT_EQ(answer.events.back(), ALICORN_EVENT_FINISHED);

  const alicorn_token open = host_.start({});
  host_.drain();
  EXPECT_TRUE(host_.wait(open).ok()) << "ended as a whole, not cut";
  EXPECT_TRUE(host_.run({}).ok()) << "so is one that comes later";
}

TEST_F(SseClock, WaitsForAClientThatIsBehind) {
  const TestAnswer answer = host_.run({.target = "/?count=4", .client_window = 20});
  EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
  EXPECT_EQ(answer.events.front(), ALICORN_EVENT_WRITABLE);
}

}  // namespace
}  // namespace alicorn
