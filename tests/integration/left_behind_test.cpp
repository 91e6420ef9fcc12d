// Children that not even SIGKILL ends, because they wait in the kernel for a disk that does not
// answer: the master goes on, or ends, without them.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/stalling_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

constexpr milliseconds kLongPatience = 3 * kPatience;
constexpr const char* kStuck = "does not end, not even by SIGKILL";

class LeftBehind : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!disk.is_mounted()) GTEST_SKIP() << "no FUSE, or no python3-fusepy";
    std::filesystem::copy_file(example("hello_c"), disk.behind("app.so"));
  }
  ~LeftBehind() override { disk.release(); }
  void start(const Arguments& arguments, const std::string& configuration = "") {
    server = std::make_unique<ServerProcess>(
        disk / "app.so", arguments, ServerProcess::Options{.configuration = configuration});
  }
  void stall() const {
    disk.stall("open");
    disk.stall("create");
  }
  bool has_stuck_child() const {
    return eventually([&] { return disk.holds_a_call(); });
  }
  CommandResult ctl(const Arguments& words) const {
    Arguments all{ALICORN_BINARY, "ctl", "--socket", server->file("ctl")};
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all, kLongPatience);
  }

  StallingDisk disk;
  std::unique_ptr<ServerProcess> server;
};

TEST_F(LeftBehind, AStuckWorkerOfAReloadKeepsNobodyWaiting) {
  start({"-w", "1", "--boot-timeout", "1", "--control-socket", "ctl"});
  stall();
  const CommandResult reload = ctl({"reload", "--wait"});
  EXPECT_EQ(reload.ending.exit_code, 1);
  EXPECT_THAT(reload.output, HasSubstr("it was not ready after boot_timeout, and does not end"));
  EXPECT_EQ(ask(server->address(), get("/")).status, 200);
  EXPECT_THAT(ctl({"status"}).output, HasSubstr("1 wanted, 1 ready"));
  disk.release();
  EXPECT_TRUE(server->logs("which was left behind, has ended"));
  EXPECT_EQ(ctl({"reload", "--wait"}).ending.exit_code, 0);
}

TEST_F(LeftBehind, AStuckZygoteDoesNotPreventAStop) {
  start({"-w", "1"}, "preload: true\nboot_timeout: 600\n");
  stall();
  server->signal(SIGHUP);
  EXPECT_TRUE(has_stuck_child());
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_for_end(kLongPatience).value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server->logs("the zygote (pid")) << server->log();
  EXPECT_EQ(server->count_in_log(kStuck), 1U);
  disk.release();
  EXPECT_TRUE(server->nothing_is_left());
}

TEST_F(LeftBehind, AStuckZygoteEndsAReload) {
  start({"-w", "1", "--control-socket", "ctl"}, "preload: true\nboot_timeout: 1\n");
  stall();
  const CommandResult reload = ctl({"reload", "--wait"});
  EXPECT_EQ(reload.ending.exit_code, 1);
  EXPECT_THAT(reload.output, HasSubstr(kStuck));
  EXPECT_EQ(ask(server->address(), get("/")).status, 200);
  disk.release();
  EXPECT_TRUE(server->logs("which was left behind, has ended"));
  EXPECT_EQ(ctl({"reload", "--wait"}).ending.exit_code, 0);
}

/// A master whose log is on the disk.
class LeftBehindMaster : public LeftBehind {
 protected:
  void start_upgrade(const Arguments& more) {
    Arguments arguments{
        "-w", "1", "--graceful-timeout", "100ms", "--error-logfile", disk / "error.log"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    start(arguments);
    stall();
    server->signal(SIGUSR2);
    EXPECT_TRUE(has_stuck_child());
  }
  bool tells(const std::string& text) const {
    return eventually(
        [&] { return read_file(disk.behind("error.log")).find(text) != std::string::npos; },
        kLongPatience);
  }
};

TEST_F(LeftBehindMaster, DoesNotPreventAStop) {
  start_upgrade({});
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_for_end(kLongPatience).value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(tells("the new master (pid"));
  EXPECT_TRUE(tells(kStuck));
  EXPECT_TRUE(tells("this one stops all the same"));
  disk.release();
  EXPECT_TRUE(server->nothing_is_left());
}

TEST_F(LeftBehindMaster, DoesNotPreventAnotherUpgrade) {
  start_upgrade({"--boot-timeout", "500ms"});
  server->signal(SIGUSR2);
  EXPECT_TRUE(tells("SIGUSR2 put off"));
  EXPECT_TRUE(tells(kStuck));
  EXPECT_TRUE(tells("this one goes on"));
  disk.release();
  EXPECT_TRUE(tells("which was left behind, has ended"));
  EXPECT_TRUE(server->wait_for_end()) << "the other new master serves";
  ::kill(-server->pid(), SIGTERM);
  EXPECT_TRUE(server->nothing_is_left());
}

TEST_F(LeftBehind, AtMostFourProcessesWaitForADisk) {
  start({"-w", "1", "--access-logfile", disk / "access.log", "--boot-timeout", "200ms",
         "--control-socket", "ctl"});
  stall();
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(ctl({"reopen"}).output, HasSubstr("could not be opened or read within"));
  }
  const CommandResult refused = ctl({"reopen"});
  EXPECT_EQ(refused.ending.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("a disk has not answered: 4 processes"));
  EXPECT_THAT(ctl({"reload"}).output, HasSubstr("a disk has not answered: 4 processes"));
  disk.release();
  EXPECT_TRUE(eventually([&] { return ctl({"reopen"}).ending.exit_code == 0; }));
}

}  // namespace
}  // namespace alicorn::test
