// nginx in front, with the site from conf/, over TCP and over a unix socket.
#include "tests/support/real_clients.hpp"
#include "tests/support/reloads_under_load.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iomanip>
#include <iostream>
#include <memory>
#include <regex>
#include <sstream>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// Open connections at the server, as listed by the kernel.
std::size_t open_connections_to(const Address& server) {
  std::ostringstream port;
  port << ':' << std::uppercase << std::hex << std::setfill('0') << std::setw(4) << server.port();
  // "St" of a connected socket; the server's end has the same name as the listener.
  const std::regex connected(server.is_unix()
                                 ? " 03 +[0-9]+ " + server.path() + "$"
                                 : "^ *[0-9]+: [0-9A-F]+" + port.str() + " [0-9A-F:]+ 01 ");
  std::istringstream lines(read_file(server.is_unix() ? "/proc/net/unix" : "/proc/net/tcp"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, connected)) ++count;
  }
  return count;
}

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

class BehindNginx : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    SKIP_WITHOUT("nginx");
    SKIP_WITHOUT("curl");
    const bool is_unix = std::string_view(GetParam()) == "Unix";
    server = std::make_unique<ServerProcess>(
        example("echo"), Arguments{"-b", is_unix ? "unix:" + (folder / "app.sock") : "127.0.0.1:0",
                                   "--access-logfile", folder / "access.log", "--access-logformat",
                                   "%(h)s %({x-request-id}i)s %(s)s %(r)s"});
    nginx = std::make_unique<NginxProcess>(server->address());
  }
  void TearDown() override {
    if (HasFailure() && nginx) std::cerr << nginx->error_log() << nginx->access_log();
  }

  TemporaryFolder folder;
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<NginxProcess> nginx;
};

INSTANTIATE_TEST_SUITE_P(, BehindNginx, ::testing::Values("Tcp", "Unix"), name_of);

TEST_P(BehindNginx, TheAppSeesTheRequestAsItWas) {
  const std::string account = nginx->curl("/a%20b?c=d", {"-H", "X-Mine: 1"});
  EXPECT_THAT(account, HasSubstr(R"("target": "/a%20b?c=d")"));
  EXPECT_THAT(account, HasSubstr(R"("authority": "app.example.com")"));
  EXPECT_THAT(account, HasSubstr(R"("version": "1.1")"));
  EXPECT_THAT(account, HasSubstr(R"(["x-mine", "1"])"));
  EXPECT_THAT(account, HasSubstr(R"(["x-forwarded-proto", "http"])"));
}

// To /upload: nginx stops sending a request once its answer has begun, as an echo's does.
TEST_P(BehindNginx, TenMegabytesArePosted) {
  const std::string file = write_megabytes(folder / "body", 10);
  EXPECT_EQ(nginx->curl("/upload", {"--data-binary", "@" + file}),
            "{\"bytes\": 10485760, \"crc32\": 722589585}\n");
}

TEST_P(BehindNginx, AnUploadMayBeChunked) {
  const std::string file = write_megabytes(folder / "body", 2);
  EXPECT_EQ(nginx->curl("/upload", {"-H", "Transfer-Encoding: chunked", "-T", file}),
            "{\"bytes\": 2097152, \"crc32\": 4071163044}\n");
}

TEST_P(BehindNginx, HeadAndStreamsAndErrorsPassThrough) {
  EXPECT_THAT(nginx->curl("/large?bytes=1000", {"-I"}), HasSubstr("Content-Length: 1000\r\n"));
  EXPECT_THAT(nginx->curl("/stream?chunks=100"), HasSubstr("chunk 100\n"));
  EXPECT_EQ(nginx->curl("/status?code=404"), "status 404\n");
  EXPECT_EQ(nginx->curl("/status?code=503"), "status 503\n");
}

TEST_P(BehindNginx, TheConnectionIsKept) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(nginx->curl("/status"), "status 200\n");
  EXPECT_EQ(open_connections_to(server->address()), 1U) << "neither one for each nor none";
}

TEST_P(BehindNginx, BothLogsNameTheRequestAlike) {
  nginx->curl("/status", {"-H", "X-Request-Id: shared-id"});
  EXPECT_TRUE(eventually([&] {
    return read_file(folder / "access.log").find("shared-id 200 GET /status") !=
               std::string::npos &&
           nginx->access_log().find("id=shared-id") != std::string::npos;
  }));
  const std::string account = nginx->curl("/");
  EXPECT_THAT(account, ::testing::ContainsRegex(R"("request_id": "[0-9a-f]{32}")"))
      << "nginx's own";
}

TEST_P(BehindNginx, TheClientCannotClaimAnotherAddress) {
  const std::string account = nginx->curl("/", {"-H", "X-Forwarded-For: 203.0.113.9"});
  EXPECT_THAT(account, Not(HasSubstr("203.0.113.9")));
}

TEST_P(BehindNginx, TheAppLearnsWhenTheRequestBegan) {
  EXPECT_THAT(nginx->curl("/"),
              ::testing::ContainsRegex(R"(\["x-request-start", "t=[0-9]+\.[0-9]+"\])"));
}

TEST_P(BehindNginx, StaticFilesAreServedByNginx) {
  write_file(nginx->file("style.css"), "body {}\n");
  const std::string answer = nginx->curl("/static/style.css", {"-i"});
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("immutable"));
  EXPECT_THAT(answer, HasSubstr("body {}\n"));
}

TEST_P(BehindNginx, NoRequestIsLostByAReload) {
  expect_reloads_lose_nothing(*server, nginx->address());
}

TEST_P(BehindNginx, AReloadIsNotSeen) {
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(nginx->curl("/status"), "status 200\n");
    server->signal(SIGHUP);
    EXPECT_EQ(nginx->curl("/status"), "status 200\n");
    EXPECT_TRUE(server->logs("workers in place", i + 1));
    EXPECT_EQ(nginx->curl("/status"), "status 200\n");
  }
}

TEST_P(BehindNginx, TheErrorPageComesWhenTheServerIsGone) {
  server->signal(SIGTERM);
  EXPECT_TRUE(server->wait_for_end());
  const std::string answer = nginx->curl("/status", {"-i"});
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 5\r\n"));
  EXPECT_THAT(answer, HasSubstr("Back soon"));
}

}  // namespace
}  // namespace alicorn::test
