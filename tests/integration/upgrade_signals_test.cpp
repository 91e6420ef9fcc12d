// Signals during a binary upgrade: before the new master serves, at that moment, and with `upgrade:
// manual`.
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

pid_t pid_in(const std::string& path) {
  const std::string text = read_file(path);
  return text.empty() ? 0 : std::stoi(text);
}

/// The old master's app starts at once, the new master's takes its time.
class StartingUpgrade : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    app.replace_by(test_app("late"));
    server.signal(SIGUSR2);
    ASSERT_TRUE(eventually([&] {
      const pid_t named = pid_in(pidfile);
      return named > 0 && named != server.pid() && children_of(named).size() == 1;
    }));
    successor = pid_in(pidfile);
  }

  InstalledApp app{example("hello_c")};
  const std::string pidfile = app.folder() / "pid";
  ServerProcess server{app.path(), {"-w", "1", "--pidfile", pidfile}};
  pid_t successor = 0;
};

std::string name_of(const ::testing::TestParamInfo<int>& info) {
  return ::sigabbrev_np(info.param);
}

INSTANTIATE_TEST_SUITE_P(, StartingUpgrade, ::testing::Values(SIGTERM, SIGINT, SIGQUIT), name_of);

TEST_P(StartingUpgrade, EndsOnASignalToTheNewMasterAndTheOldOneGoesOn) {
  ::kill(successor, GetParam());
  EXPECT_TRUE(server.logs("ended with exit code 0: stopped before it served; this one goes on"));
  EXPECT_FALSE(is_alive(successor));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_TRUE(eventually([&] { return pid_in(pidfile) == server.pid(); }));
}

TEST_P(StartingUpgrade, EndsTogetherWithTheOldMaster) {
  server.signal(GetParam());
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server.nothing_is_left());
  EXPECT_THAT(server.log(), Not(HasSubstr("SIGKILL")));
  EXPECT_FALSE(std::filesystem::exists(pidfile));
}

/// The old master did not run when the new one reported that it serves: mostly it sees both at
/// once.
TEST_P(StartingUpgrade, EndsIfTheSignalArrivesWithTheReadyMessage) {
  server.signal(SIGSTOP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  server.signal(GetParam());
  server.signal(SIGCONT);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server.nothing_is_left());
  EXPECT_THAT(server.log(), Not(HasSubstr("SIGKILL"))) << "neither waited for the other";
}

/// Its program can be replaced by one that neither serves nor ends when it is told to.
class DismissedUpgrade : public ::testing::Test {
 protected:
  void install(bool is_deaf) const {
    std::filesystem::remove(program);
    if (!is_deaf) return std::filesystem::create_symlink(ALICORN_BINARY, program);
    std::ofstream(program) << "#!/bin/sh\ntrap '' TERM\nexec sleep 600\n";
    std::filesystem::permissions(program, std::filesystem::perms(0755));
  }
  std::string installed() const {
    install(false);
    return program;
  }
  /// Starts a new master and tells it to end; it stays.
  void dismiss_a_deaf_one(const std::string& mode) {
    std::ofstream(server.file("alicorn.yaml"))
        << "workers: 1\nboot_timeout: 1\nupgrade: " << mode
        << "\ncontrol_socket: " << folder / "control" << '\n';
    server.signal(SIGHUP);
    ASSERT_TRUE(server.logs("workers in place", 2));
    install(true);
    server.signal(SIGUSR2);
    ASSERT_TRUE(server.logs("does not serve in time, and is told to end"));
    install(false);
    ASSERT_EQ(server.workers().size(), 2U) << "the worker is still there, and the new master";
    deaf = server.workers().back();
  }

  const TemporaryFolder folder;
  const std::string program = folder / "alicorn";
  const std::string pidfile = folder / "pid";
  ServerProcess server{example("hello_c"),
                       {"--pidfile", pidfile},
                       {.configuration = "workers: 1\n",
                        .wrapper = {"/bin/sh", "-c", "exec '" + installed() + "' \"$@\""}}};
  pid_t deaf = 0;
};

TEST_F(DismissedUpgrade, ByHandIsRetriedOnlyAfterTheFirstNewMasterHasGone) {
  dismiss_a_deaf_one("manual");
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("SIGUSR2 put off until the new master has ended"));
  EXPECT_EQ(server.count_in_log("a new master starts"), 1U);
  ::kill(deaf, SIGKILL);
  EXPECT_TRUE(server.logs("serves beside this one"));
  const pid_t successor = pid_in(pidfile);
  EXPECT_NE(successor, server.pid());
  EXPECT_EQ(pid_in(pidfile + ".oldbin"), server.pid());
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(eventually([&] { return pid_in(pidfile) == server.pid(); }));
  EXPECT_FALSE(std::filesystem::exists(pidfile + ".oldbin"));
}

TEST_F(DismissedUpgrade, DoesNotPreventAReload) {
  dismiss_a_deaf_one("automatic");
  const CommandResult reload =
      run_command({ALICORN_BINARY, "ctl", "--socket", folder / "control", "reload", "--wait"});
  EXPECT_EQ(reload.ending.exit_code, 0) << reload.output;
  EXPECT_TRUE(is_alive(deaf)) << "that is, HUP would have reloaded, too";
  ::kill(deaf, SIGKILL);
  EXPECT_TRUE(server.logs("this one goes on"));
}

/// The new master serves, and a request holds the old one for as long as the test wants.
class HeldUpgrade : public ::testing::Test {
 protected:
  void SetUp() override {
    begin_upload(busy);
    server.signal(SIGUSR2);
    ASSERT_TRUE(server.logs("this one finishes its requests and leaves"));
    successor = pid_in(pidfile);
  }
  void let_old_one_leave() {
    EXPECT_TRUE(is_alive(server.pid()));
    EXPECT_EQ(finish_upload(busy).status, 200);
    EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  }

  const TemporaryFolder folder;
  const std::string pidfile = folder / "pid";
  const std::string control = folder / "control";
  ServerProcess server{
      example("echo"),
      {"-w", "1", "--graceful-timeout", "600", "--pidfile", pidfile, "--control-socket", control}};
  RawClient busy{server.address()};
  pid_t successor = 0;
};

TEST_F(HeldUpgrade, StopsTheOldMasterTooIfTheNewOneIsStopped) {
  ::kill(successor, SIGQUIT);
  ASSERT_TRUE(server.logs("the service stops, and this one leaves too"));
  const CommandResult status =
      run_command({ALICORN_BINARY, "ctl", "--socket", control, "--json", "status"});
  EXPECT_THAT(status.output, HasSubstr("\"state\":\"stopping\"")) << "that is the old one's";
  server.signal(SIGHUP);
  let_old_one_leave();
  EXPECT_THAT(server.log(), Not(HasSubstr("gone, the new master serves")));
  EXPECT_EQ(server.count_in_log(": stopped"), 2U);
  EXPECT_EQ(server.count_in_log("reloading"), 0U);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST_F(HeldUpgrade, TreatsASecondTermSoonAfterTheFirstAsTheSame) {
  const MonotonicTime before = now();
  ::kill(successor, SIGTERM);
  ASSERT_TRUE(server.logs("SIGTERM put off until the old master has left"));
  ::kill(successor, SIGTERM);
  const auto is_told_twice = [&] {
    return server.count_in_log("taken for the same") + server.count_in_log(": stopping") > 0;
  };
  EXPECT_TRUE(eventually(is_told_twice));
  if (now() - before >= milliseconds(1'000)) GTEST_SKIP() << "too slow to be the same";
  EXPECT_EQ(server.count_in_log(": stopping"), 0U);
  EXPECT_TRUE(is_alive(successor));
  let_old_one_leave();
  EXPECT_TRUE(server.nothing_is_left());
}

TEST_F(HeldUpgrade, IsStoppedAtOnceByALaterSecondTerm) {
  EXPECT_TRUE(eventually([&] {
    if (is_alive(successor)) ::kill(successor, SIGTERM);
    return server.count_in_log(": stopping") > 0;
  }));
  EXPECT_TRUE(server.logs("the service stops, and this one leaves too"));
  let_old_one_leave();
  EXPECT_TRUE(server.nothing_is_left());
}

/// Two masters that write to the same log, which has been renamed.
class RotatedUpgrade : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    app.replace_by(test_app("unready"));
    server.signal(SIGUSR2);
    ASSERT_TRUE(server.logs("unready: not yet"));
    successor = pid_in(pidfile);
    ASSERT_NE(successor, server.pid());
  }
  ~RotatedUpgrade() override {
    serve();
    if (successor > 0 && is_alive(successor)) ::kill(successor, SIGTERM);
  }
  void serve() const { std::ofstream(server.file("ready")).flush(); }
  void rotate(pid_t told) const {
    std::filesystem::rename(log, log + ".1");
    ::kill(told, SIGUSR1);
  }
  /// Each of the two, exactly once.
  bool both_have_reopened() const {
    const auto has = [&](pid_t pid) {
      return server.log().find('[' + std::to_string(pid) + "] [info] master: logs reopened") !=
             std::string::npos;
    };
    return eventually([&] { return has(server.pid()) && has(successor); }) &&
           stays([&] { return server.count_in_log("logs reopened") == 2; }, milliseconds(300));
  }

  InstalledApp app{example("hello_c")};
  const std::string pidfile = app.folder() / "pid";
  const std::string log = app.folder() / "log";
  ServerProcess server{app.path(),
                       {"-w", "1", "--pidfile", pidfile, "--error-logfile", log, "--upgrade",
                        GetParam(), "--boot-timeout", "600", "--control-socket", "ctl"}};
  pid_t successor = 0;
};

std::string mode_of(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

INSTANTIATE_TEST_SUITE_P(, RotatedUpgrade, ::testing::Values("automatic", "manual"), mode_of);

TEST_P(RotatedUpgrade, IsPassedToTheNewMasterOnceItServes) {
  rotate(server.pid());
  ASSERT_TRUE(server.logs("logs reopened"));
  EXPECT_EQ(server.count_in_log("logs reopened"), 1U) << "it might die of the signal";
  serve();
  EXPECT_TRUE(both_have_reopened());
}

TEST_P(RotatedUpgrade, IsPassedToTheOldMasterByTheNewOne) {
  rotate(successor);
  EXPECT_TRUE(both_have_reopened());
}

TEST_P(RotatedUpgrade, ReachesBothThroughTheControlSocket) {
  std::filesystem::rename(log, log + ".1");
  const CommandResult reopened =
      run_command({ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "reopen"});
  EXPECT_EQ(reopened.ending.exit_code, 0) << reopened.output;
  serve();
  EXPECT_TRUE(both_have_reopened());
}

class RotatedBesideAnother : public RotatedUpgrade {};

INSTANTIATE_TEST_SUITE_P(, RotatedBesideAnother, ::testing::Values("manual"), mode_of);

TEST_P(RotatedBesideAnother, ReachesBothMasters) {
  serve();
  ASSERT_TRUE(server.logs("serves beside this one"));
  rotate(server.pid());
  EXPECT_TRUE(both_have_reopened());
  std::filesystem::remove(log + ".1");
  rotate(successor);
  EXPECT_TRUE(both_have_reopened());
}

TEST(DaemonCommand, FailsWhenTheServerIsStoppedBeforeItServes) {
  const TemporaryFolder folder;
  const std::string script =
      "\"$0\" \"$@\" & until kill -TERM $(cat '" + (folder / "pid") + "'); do :; done; wait $!";
  const CommandResult result = run_command(
      {"/bin/sh", "-c", script, ALICORN_BINARY, "-D", "-b", "unix:" + (folder / "app.sock"),
       "--pidfile", folder / "pid", "--error-logfile", folder / "log", test_app("late")});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("alicorn: stopped before it served\n"));
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(folder / "pid"); }));
}

}  // namespace
}  // namespace alicorn::test
