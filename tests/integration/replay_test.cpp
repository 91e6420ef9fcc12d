// Recorded requests, replayed through an application that runs on its own.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

CommandResult replay(const std::string& bytes, const std::string& app, const Arguments& more = {}) {
  const TemporaryFolder folder;
  write_file(folder / "request.http", bytes);
  Arguments command{ALICORN_BINARY, "replay", folder / "request.http", app};
  command.insert(command.end(), more.begin(), more.end());
  return run_command(command);
}

constexpr const char* kPost =
    "POST /shop?a=b HTTP/1.1\r\nHost: shop\r\nX-Request-Id: the-one\r\nX-Forwarded-For: "
    "192.0.2.7\r\n"
    "X-Forwarded-Proto: https\r\nAuthorization: ******\r\nContent-Length: 5\r\n\r\nhello";

TEST(Replay, ShowsWhatTheAppAnswers) {
  const CommandResult done = replay(kPost, example("echo"));
  EXPECT_EQ(done.ending.exit_code, 0);
  EXPECT_THAT(done.output,
              AllOf(HasSubstr("HTTP/1.1 200 OK\r\n"), HasSubstr(R"("client_address": "192.0.2.7")"),
                    HasSubstr(R"("scheme": "https")"), HasSubstr(R"("request_id": "the-one")"),
                    HasSubstr(R"("body_base64": "aGVsbG8=")"),
                    HasSubstr("masked when the request was kept fields=authorization")));
}

TEST(Replay, SendsPipelinedRequestsToEachKindOfApp) {
  const std::string two = get("/sleep?ms=20") + get("/");
  for (const std::string& app : {test_app("slow"), test_app("loop_app"), test_app("lifecycle")}) {
    const CommandResult done = replay(two, app, {"--log-level", "debug"});
    EXPECT_EQ(done.ending.exit_code, 0) << done.output;
    const std::size_t first = done.output.find("HTTP/1.1 ");
    EXPECT_NE(done.output.find("HTTP/1.1 ", first + 1), std::string::npos) << done.output;
    if (app != test_app("lifecycle")) continue;
    EXPECT_THAT(done.output, AllOf(HasSubstr("worker_init"), HasSubstr("worker_exit")));
  }
}

TEST(Replay, OpensAnotherConnectionAfterAResponseThatClosesOne) {
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += get("/", {"Connection: close"}) + "GET / HTTP/1.0\r\n\r\n" + get("/");
  }
  const CommandResult done = replay(requests, example("hello_c"));
  EXPECT_EQ(done.ending.exit_code, 0) << done.output;
  std::size_t responses = 0;
  for (std::size_t at = 0; (at = done.output.find("HTTP/1.1 200", at)) != std::string::npos; ++at) {
    ++responses;
  }
  EXPECT_EQ(responses, 150U);
}

TEST(Replay, CrashesWithTheApp) {
  const CommandResult done = replay(get("/crash"), test_app("crash"));
  EXPECT_EQ(done.ending.signal, SIGSEGV) << done.output;
}

TEST(CrashDir, KeepsTheRequestThatCrashedTheWorker) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("crash"), {"-w", "1", "--crash-dir", folder / "kept"});
  RawClient victim(server.address());
  victim.send(
      "POST /crash HTTP/1.1\r\nHost: a\r\nX-Request-Id: boom\r\nAuthorization: Bearer s3cret\r\n"
      "Content-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(server.logs("the request that crashed it is kept as " + (folder / "kept/")));
  EXPECT_TRUE(server.logs("alicorn replay " + (folder / "kept/")));
  std::string path;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "kept")) {
    path = entry.path().string();
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600));
  }
  EXPECT_THAT(path, ::testing::EndsWith("-boom.http"));
  const std::string kept = read_file(path);
  EXPECT_THAT(kept,
              AllOf(HasSubstr("POST /crash HTTP/1.1\r\n"),
                    HasSubstr("authorization: *************\r\n"), HasSubstr("\r\n\r\nhello")));
  EXPECT_EQ(run_command({ALICORN_BINARY, "replay", path, test_app("crash")}).ending.signal,
            SIGSEGV);
  EXPECT_EQ(run_command({ALICORN_BINARY, "replay", path, example("hello_c")}).ending.exit_code, 0);
}

TEST(CrashDir, KeepsTheCrashingRequestEvenIfItWasAnswered) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("crash"), {"-w", "1", "--crash-dir", folder / "kept"});
  RawClient client(server.address());
  EXPECT_EQ(client.request(get("/afterwards")).status, 200);
  ASSERT_TRUE(server.logs("the request that crashed it is kept as "));
  std::string kept;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "kept")) {
    kept = read_file(entry.path().string());
  }
  EXPECT_THAT(kept, HasSubstr("GET /afterwards HTTP/1.1\r\n"));
}

TEST(CrashDir, KeepsNoPartialRequest) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("crash"), {"-w", "1", "--crash-dir", folder / "kept"});
  RawClient victim(server.address());
  victim.send(get("/hide", {"X-Large: " + std::string(8000, 'x')}));
  ASSERT_TRUE(server.logs("the request that crashed it could not be kept in " + (folder / "kept")));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "kept")) {
    EXPECT_NE(entry.path().extension(), ".http") << entry.path();
  }
}

TEST(Replay, ReportsUnusableRecords) {
  const CommandResult refused = replay("GET / HTTP/9\r\n\r\n", example("hello_c"));
  EXPECT_EQ(refused.ending.exit_code, 1);
  EXPECT_THAT(refused.output, AllOf(HasSubstr("HTTP/1.1 400 "), HasSubstr("the server refuses")));
  const CommandResult cut = replay(std::string(kPost, std::strlen(kPost) - 1), example("echo"));
  EXPECT_EQ(cut.ending.exit_code, 1);
  EXPECT_THAT(cut.output, HasSubstr("the last request is not complete"));
  const CommandResult empty = replay("", example("echo"));
  EXPECT_EQ(empty.ending.exit_code, 1);
  EXPECT_THAT(empty.output, HasSubstr("there is no request in it"));
  EXPECT_EQ(replay(get("/"), "/nonexistent.so").ending.exit_code, 4);
}

}  // namespace
}  // namespace alicorn::test
