// Disks that stand still: a throttled volume, a network file system whose server is gone. Whoever
// does not ask for what is there must not notice.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/stalling_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::PrintToString;

/// Short against kPatience, long against what an answer takes.
constexpr milliseconds kSoon{2'000};

class StalledLogDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!disk.is_mounted()) GTEST_SKIP() << "no FUSE, or no python3-fusepy";
  }
  void start(const Arguments& more = {}) {
    Arguments arguments{"--error-logfile", disk / "error.log", "--access-logfile",
                        disk / "access.log"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server = std::make_unique<ServerProcess>(example("hello_c"), arguments);
  }
  std::string log() const { return read_file(disk.behind("error.log")); }
  bool answers() const {
    RawClient client(server->address());
    client.send(get("/", {"Connection: close"}));
    return client.read_response(To::kOther, kSoon).status == 200;
  }
  bool refuses() const {
    RawClient client(server->address());
    client.send("GET / HTTP/9.9 bad\r\n\r\n");
    return client.read_response(To::kOther, kSoon).status >= 400;
  }

  StallingDisk disk;
  std::unique_ptr<ServerProcess> server;
};

TEST_F(StalledLogDisk, KeepsNobodyWaiting) {
  start();
  disk.stall("write");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(refuses()) << "which leaves a line";
    EXPECT_TRUE(answers());
  }
  EXPECT_THAT(log(), ::testing::Not(HasSubstr("refused a request")));
  disk.release();
  EXPECT_TRUE(server->logs("refused a request", 20));
}

TEST_F(StalledLogDisk, DoesNotKeepTheMasterFromReplacingAWorker) {
  start({"-w", "1"});
  disk.stall("write");
  for (int i = 0; i < 3; ++i) {
    const auto before = server->workers();
    ::kill(before.at(0), SIGKILL);
    EXPECT_TRUE(eventually(
        [&] {
          const auto workers = server->workers();
          return workers.size() == 1 && workers != before && answers();
        },
        kSoon));
  }
  disk.release();
  EXPECT_TRUE(server->logs("was killed by SIGKILL", 3));
}

TEST_F(StalledLogDisk, LosesAndCountsWhatDoesNotFitItsQueue) {
  start({"--control-socket", "ctl"});
  disk.stall("write");
  const auto dropped = [&] {
    const CommandResult result =
        run_command({ALICORN_BINARY, "ctl", "--socket", server->file("ctl"), "--json", "status"});
    const std::size_t at = result.output.find("\"lines_dropped\":");
    return at != std::string::npos && result.output[at + 16] != '0';
  };
  for (int i = 0; i < 20'000 && (i % 1'000 != 999 || !dropped()); ++i) ASSERT_TRUE(refuses());
  EXPECT_TRUE(answers());
  disk.release();
  EXPECT_TRUE(eventually([&] {
    return refuses() && log().find(" log lines could not be written and are lost") != log().npos;
  }));
}

/// The kernel lets no process end while a thread of it waits for the disk. All but that is done.
TEST_F(StalledLogDisk, DoesNotKeepAStopFromFreeingTheAddress) {
  start();
  disk.stall("write");
  EXPECT_TRUE(refuses());
  server->signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return !takes_connections(server->address()); }, kSoon));
  disk.release();
  EXPECT_TRUE(server->wait_for_end());
}

TEST_F(StalledLogDisk, LeavesTheLogsToOthersWhenTheyAreOpenedAnew) {
  start({"-w", "1"});
  disk.stall("write");
  EXPECT_TRUE(refuses());
  disk.stall("create");
  ASSERT_EQ(::rename(disk.behind("access.log").c_str(), disk.behind("access.log.1").c_str()), 0);
  ::kill(server->workers().at(0), SIGUSR1);
  EXPECT_TRUE(answers());
  EXPECT_TRUE(refuses());
  disk.release();
  EXPECT_TRUE(server->logs("refused a request", 2));
}

}  // namespace
}  // namespace alicorn::test
