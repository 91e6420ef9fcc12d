// Others that say nothing: a server, a service manager, a daemon. Whoever waits for one has an end
// of its own.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(NotifySocket, ThatNobodyReadsIsToldOfOnce) {
  const TemporaryFolder folder;
  const std::string path = folder / "nobody";
  std::ofstream(folder / "file") << "no socket\n";
  const std::string long_path = "/" + std::string(200, 'x');
  for (const auto& [socket, reason] : {std::pair<std::string, std::string>{path, "No such file"},
                                       {folder / "file", "Connection refused"},
                                       {"@alicorn-nobody", "Connection refused"},
                                       {"relative", "No such file"},
                                       {long_path, "path"}}) {
    ServerProcess server(example("hello_c"), {"-w", "1"},
                         {.environment = {{"NOTIFY_SOCKET", socket}}});
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", 2));
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
    EXPECT_EQ(server.count_in_log("NOTIFY_SOCKET=" + socket + ": "), 1U);
    EXPECT_THAT(server.log(), HasSubstr(reason));
  }
}

class StoppedServer : public ::testing::Test {
 protected:
  ~StoppedServer() override { server.signal(SIGCONT); }
  ChildProcess::Start ctl(const Arguments& words, const std::string& output) const {
    Arguments all{ALICORN_BINARY, "ctl", "--socket", server.file("ctl")};
    all.insert(all.end(), words.begin(), words.end());
    return {.arguments = all, .output_path = server.file(output)};
  }

  ServerProcess server{test_app("lifecycle"), {"-w", "1", "--control-socket", "ctl"}};
};

TEST_F(StoppedServer, IsGivenUpByWhoeverAsksIt) {
  server.signal(SIGSTOP);
  ChildProcess asking(ctl({"status"}, "status"));
  ChildProcess waiting(ctl({"reload", "--wait"}, "reload"));
  for (ChildProcess* const one : {&asking, &waiting}) {
    const auto ending = one->wait(3 * kPatience);
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->exit_code, 1);
  }
  EXPECT_THAT(read_file(server.file("status")), HasSubstr("does not answer within 10 s"));
  EXPECT_THAT(read_file(server.file("reload")), HasSubstr("may be done all the same"));
}

}  // namespace
}  // namespace alicorn::test
