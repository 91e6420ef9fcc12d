// Disks that do not answer: a throttled volume, a network file system whose server is gone. Clients
// that do not need the disk must not notice.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/stalling_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::PrintToString;

/// Short compared with kPatience, long compared with an answer.
constexpr milliseconds kSoon{2'000};

class StalledLogDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!disk.is_mounted()) GTEST_SKIP() << "no FUSE, or no python3-fusepy";
  }
  void start(const Arguments& more = {}, const std::string& app = test_app("logs")) {
    Arguments arguments{"--error-logfile", disk / "error.log", "--access-logfile",
                        disk / "access.log"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server = std::make_unique<ServerProcess>(app, arguments);
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
  EXPECT_TRUE(server->logs("refused a request"));
  EXPECT_TRUE(server->logs("refused more requests"));
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

TEST_F(StalledLogDisk, CountsLinesThatDoNotFitItsQueue) {
  start();
  disk.stall("write");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(server->address(), get("/?1000")).status, 200);
  EXPECT_TRUE(answers());
  disk.release();
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(ask(server->address(), get("/?1")).status, 200);
    return log().find(" log lines could not be written and are lost") != std::string::npos;
  }));
}

/// The kernel ends no process while one of its threads waits for the disk. Everything but that is
/// done.
TEST_F(StalledLogDisk, DoesNotKeepAStopFromFreeingTheAddress) {
  start();
  disk.stall("write");
  EXPECT_TRUE(refuses());
  server->signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return !takes_connections(server->address()); }, kSoon));
  disk.release();
  EXPECT_TRUE(server->wait_for_end());
}

TEST_F(StalledLogDisk, DoesNotBlockAWorkerThatReopensItsLogs) {
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

/// The master's file operations, which it leaves to a child.
class StalledMasterFiles : public StalledLogDisk {
 protected:
  void start(const std::string& more = "", const std::string& app = test_app("logs")) {
    write_file(disk.behind("alicorn.yaml"), "workers: 2\n" + more);
    write_file(disk.behind("error.log"), "");
    StalledLogDisk::start({"-c", disk / "alicorn.yaml"}, app);
  }
  /// Twice, so that operations that pile up would show.
  void expect_supervision(const std::string& stalled) const {
    for (int i = 0; i < 2; ++i) {
      const auto before = server->workers();
      const auto is_old = [&](pid_t pid) {
        return std::find(before.begin(), before.end(), pid) != before.end();
      };
      ::kill(before.back(), SIGKILL);  // the first may be the zygote
      EXPECT_TRUE(eventually(
          [&] {
            const auto workers = server->workers();
            return !std::all_of(workers.begin(), workers.end(), is_old) && answers();
          },
          kSoon))
          << stalled;
    }
  }
  /// A process that starts meanwhile closes the pidfile, for which FUSE asks the disk.
  void expect_judgement() const {
    const auto deaths = count("was killed by SIGKILL");
    ::kill(server->workers().back(), SIGKILL);
    EXPECT_TRUE(tells("was killed by SIGKILL", deaths + 1));
    EXPECT_TRUE(answers());
  }
  bool tells(std::string_view text, std::size_t times = 1) const {
    return eventually([&] { return count(text) >= times; });
  }
  std::size_t count(std::string_view text) const {
    const std::string all = log();
    std::size_t found = 0;
    for (std::size_t at = 0; (at = all.find(text, at)) != std::string::npos; ++at) ++found;
    return found;
  }
};

TEST_F(StalledMasterFiles, DoNotHoldUpItsWorkersAtARotation) {
  start();
  std::size_t rotations = 0;
  for (const char* const stalled : {"open", "create", "getattr"}) {
    disk.stall(stalled);
    server->signal(SIGUSR1);
    server->signal(SIGUSR1);
    expect_supervision(stalled);
    disk.release();
    EXPECT_TRUE(tells("logs reopened", ++rotations)) << stalled;
    EXPECT_TRUE(answers());
  }
}

/// A close may wait until everything is written.
TEST_F(StalledMasterFiles, DoNotHoldItUpWhenItClosesThem) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "no threads close files: lingering_fd.cpp";
#endif
  start();
  disk.stall("flush");
  for (std::size_t rotations = 1; rotations <= 2; ++rotations) {
    server->signal(SIGUSR1);
    EXPECT_TRUE(tells("logs reopened", rotations));
    server->signal(SIGTTIN);
    EXPECT_TRUE(eventually([&] { return server->workers().size() >= 2 + rotations; }));
    EXPECT_TRUE(answers());
  }
  disk.release();
}

TEST_F(StalledMasterFiles, DoNotHoldUpItsWorkersAtAReload) {
  start();
  std::size_t reloads = 0;
  for (const char* const stalled : {"read", "open", "getattr"}) {
    disk.stall(stalled);
    server->signal(SIGHUP);
    expect_supervision(stalled);
    EXPECT_EQ(count("master: reloading"), reloads);
    disk.release();
    EXPECT_TRUE(tells("master: reloading", ++reloads)) << stalled;
    EXPECT_TRUE(tells("workers in place", reloads + 1)) << stalled;
  }
}

TEST_F(StalledMasterFiles, InCrashDirDoNotHoldUpItsWorkersAtAReload) {
  start();
  write_file(disk.behind("alicorn.yaml"), "workers: 2\ncrash_dir: " + (disk / "crashes") + "\n");
  disk.stall("mkdir");
  server->signal(SIGHUP);
  expect_supervision("mkdir");
  disk.release();
  EXPECT_TRUE(tells("master: reloading"));
}

TEST_F(StalledMasterFiles, AreAbandonedAfterBootTimeout) {
  start("boot_timeout: 1\n");
  disk.stall("read");
  server->signal(SIGHUP);
  EXPECT_TRUE(
      tells("reload: files could not be opened or read within 1 s (boot_timeout): is a disk "
            "or a network file system at a standstill?; the old configuration stays"));
  expect_supervision("read");
  disk.release();
  server->signal(SIGHUP);
  EXPECT_TRUE(tells("master: reloading"));
  EXPECT_TRUE(answers());
}

TEST_F(StalledMasterFiles, DoNotHoldUpItsWorkersAtAnUpgrade) {
  start("pidfile: " + (disk / "pid") + "\n");
  const pid_t old = server->pid();
  disk.stall("rename");
  server->signal(SIGUSR2);
  expect_judgement();
  EXPECT_EQ(read_file(disk.behind("pid")), std::to_string(old) + "\n");
  disk.release();
  EXPECT_TRUE(eventually(
      [&] { return read_file(disk.behind("pid.oldbin")) == std::to_string(old) + "\n"; }));
  EXPECT_TRUE(eventually([&] {
    const std::string pid = read_file(disk.behind("pid"));
    return !pid.empty() && pid != std::to_string(old) + "\n";
  }));
  EXPECT_TRUE(answers());
  const pid_t successor = std::stoi(read_file(disk.behind("pid")));
  EXPECT_TRUE(server->wait_for_end());
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server->nothing_is_left());
}

TEST_F(StalledMasterFiles, LeaveNoPidfileMovedByAKilledChild) {
  start("pidfile: " + (disk / "pid") + "\n");
  disk.stall("rename");
  server->signal(SIGUSR2);
  expect_judgement();
  server->signal(SIGTERM);
  EXPECT_TRUE(tells("master: stopping"));
  disk.release();
  EXPECT_TRUE(server->wait_for_end());
  for (const char* const name : {"pid", "pid.oldbin"}) {
    EXPECT_FALSE(std::filesystem::exists(disk.behind(name))) << name;
  }
}

TEST_F(StalledMasterFiles, DoNotHoldUpItsEnd) {
  start();
  disk.stall("read");
  server->signal(SIGHUP);
  server->signal(SIGTERM);
  EXPECT_TRUE(server->wait_for_end());
  disk.release();
}

TEST_F(StalledMasterFiles, DoNotHoldUpAZygote) {
  start("preload: true\n", example("hello_c"));
  disk.stall("create");
  disk.stall("open");
  server->signal(SIGUSR1);
  expect_supervision("open");
  disk.release();
  EXPECT_TRUE(tells("logs reopened"));
}

/// Some parts of the file are in the page cache, some are not; neither may cost other clients time.
class StalledFile : public StalledLogDisk, public ::testing::WithParamInterface<bool> {
 protected:
  void start() {
    write_file(disk.behind("file"), std::string(kSize, 'x'));
    server = std::make_unique<ServerProcess>(
        example("echo"), Arguments{"-w", "1", GetParam() ? "--sendfile" : "--no-sendfile"},
        ServerProcess::Options{.configuration = "app: {file: " + (disk / "file") + "}\n"});
  }
  static constexpr std::size_t kSize = 3'000'000;
};

TEST_P(StalledFile, KeepsNobodyElseWaiting) {
  start();
  RawClient download(server->address());
  disk.stall("read");
  download.send(get("/file"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(server->address(), get("/status")).status, 200);
  disk.release();
  EXPECT_EQ(download.read_response().body.size(), kSize);
}

/// The worker cannot end before the disk answers, but it lets go of its clients.
TEST_P(StalledFile, KeepsNoClientLongerThanAStop) {
  start();
  RawClient download(server->address());
  disk.stall("read");
  download.send(get("/file"));
  EXPECT_TRUE(download.receives("HTTP/1.1 200"));
  server->signal(SIGINT);
  EXPECT_LT(download.read_to_end(kSoon + milliseconds(1'000)).size(), kSize);
  disk.release();
  EXPECT_TRUE(server->wait_for_end());
}

TEST_P(StalledFile, IsAbandonedAfterWriteTimeout) {
  write_file(disk.behind("file"), std::string(kSize, 'x'));
  server = std::make_unique<ServerProcess>(
      example("echo"),
      Arguments{"-w", "1", "--write-timeout", "0.5", "--access-logfile", "-", "--access-logformat",
                "%(U)s %(cut)s"},
      ServerProcess::Options{.configuration = "app: {file: " + (disk / "file") + "}\n"});
  RawClient download(server->address());
  disk.stall("read");
  download.send(get("/file"));
  EXPECT_LT(download.read_to_end().size(), kSize);
  disk.release();
  EXPECT_TRUE(server->logs("/file file"));
  EXPECT_TRUE(server->logs("a response was cut reason=file"));
}

INSTANTIATE_TEST_SUITE_P(, StalledFile, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "Sendfile" : "ReadAndSend"; });

/// Processes in an uninterruptible system call, where no signal reaches them.
class StuckProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!disk.is_mounted()) GTEST_SKIP() << "no FUSE, or no python3-fusepy";
    write_file(disk.behind("file"), "text\n");
    disk.stall("open");
  }
  ~StuckProcess() override { disk.release(); }

  StallingDisk disk;
};

TEST_F(StuckProcess, OfAHookDoesNotKeepTheServerFromEnding) {
  ServerProcess server(
      example("hello_c"), {"-w", "1"},
      {.configuration = "hook_timeout: 600\nhooks:\n  on_exit: [cat, " + (disk / "file") + "]\n"});
  server.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return disk.holds_a_call(); }));
  server.signal(SIGINT);
  EXPECT_TRUE(server.wait_for_end(3 * kPatience));
  EXPECT_THAT(server.log(), HasSubstr("does not end, not even by SIGKILL"));
  disk.release();
}

TEST_F(StuckProcess, OfAWorkerDoesNotKeepTheMasterFromEnding) {
  ServerProcess server(test_app("opens"), {"-w", "2", "--graceful-timeout", "100ms"});
  RawClient client(server.address());
  client.send(get(disk / "file"));
  EXPECT_TRUE(server.logs("opens it"));
  server.signal(SIGTERM);
  EXPECT_TRUE(server.wait_for_end(3 * kPatience));
  EXPECT_THAT(server.log(), HasSubstr("does not end, not even by SIGKILL"));
  disk.release();
  EXPECT_TRUE(server.nothing_is_left());
}

}  // namespace
}  // namespace alicorn::test
