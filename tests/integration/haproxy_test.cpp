// HAProxy in front, with the configuration from conf/, over TCP and over a unix socket.
#include "tests/support/real_clients.hpp"
#include "tests/support/reloads_under_load.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class BehindHaproxy : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    SKIP_WITHOUT("haproxy");
    SKIP_WITHOUT("curl");
    const bool is_unix = std::string_view(GetParam()) == "Unix";
    server = std::make_unique<ServerProcess>(
        example("echo"), Arguments{"-b", is_unix ? "unix:" + (folder / "app.sock") : "127.0.0.1:0",
                                   "--access-logfile", folder / "access.log", "--access-logformat",
                                   "%(h)s %(scheme)s %(id)s %(s)s %(r)s"});
    haproxy = std::make_unique<HaproxyProcess>(server->address());
  }

  TemporaryFolder folder;
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<HaproxyProcess> haproxy;
};

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

INSTANTIATE_TEST_SUITE_P(, BehindHaproxy, ::testing::Values("Tcp", "Unix"), name_of);

TEST_P(BehindHaproxy, TheConfigurationIsValid) {
  const CommandResult result = haproxy->check();
  EXPECT_EQ(result.ending.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, Not(HasSubstr("WARNING")));
}

TEST_P(BehindHaproxy, TheAppSeesTheRequestAsItWas) {
  const std::string account =
      haproxy->curl("/a%20b?c=d", {"-H", "X-Mine: 1", "-H", "X-Forwarded-For: 203.0.113.9"});
  EXPECT_THAT(account, HasSubstr(R"("target": "/a%20b?c=d")"));
  EXPECT_THAT(account, HasSubstr(R"("authority": "app.example.com")"));
  EXPECT_THAT(account, HasSubstr(R"(["x-mine", "1"])"));
  EXPECT_THAT(account, HasSubstr(R"(["x-forwarded-proto", "http"])"));
  EXPECT_THAT(account, ContainsRegex(R"(\["x-request-start", "t=[0-9]{13}"\])"));
  EXPECT_THAT(account, ContainsRegex(R"("request_id": "[0-9a-f-]{36}")")) << "HAProxy's own";
  EXPECT_THAT(account, Not(HasSubstr("203.0.113.9"))) << "the client cannot claim another address";
}

TEST_P(BehindHaproxy, BothLogsNameTheRequestAlike) {
  haproxy->curl("/status", {"-H", "X-Request-Id: shared-id"});
  EXPECT_TRUE(eventually([&] {
    return read_file(folder / "access.log").find(" http shared-id 200 GET /status") !=
           std::string::npos;
  })) << read_file(folder / "access.log");
  EXPECT_THAT(haproxy->log().receive_until("id=shared-id"), HasSubstr(" 200 "));
}

TEST_P(BehindHaproxy, BodiesAndErrorsPassThrough) {
  const std::string file = write_megabytes(folder / "body", 2);
  EXPECT_EQ(haproxy->curl("/upload", {"--data-binary", "@" + file}),
            "{\"bytes\": 2097152, \"crc32\": 4071163044}\n");
  EXPECT_EQ(haproxy->curl("/status?code=404"), "status 404\n");
  EXPECT_EQ(haproxy->curl("/status?code=503"), "status 503\n");
}

TEST_P(BehindHaproxy, NoRequestIsLostByAReload) {
  expect_reloads_lose_nothing(*server, haproxy->address());
}

TEST_P(BehindHaproxy, TheErrorPageComesWhenTheServerIsGone) {
  server->signal(SIGTERM);
  EXPECT_TRUE(server->wait_for_end());
  const std::string answer = haproxy->curl("/status", {"-i"});
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("etry-after: 5\r\n"));
  EXPECT_THAT(answer, HasSubstr("Back soon"));
}

}  // namespace
}  // namespace alicorn::test
