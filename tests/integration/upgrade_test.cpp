// The binary upgrade: a new master takes over from the old one, which then leaves, or goes on.
#include "base/unique_fd.hpp"
#include "tests/support/installed_app.hpp"
#include "tests/support/load.hpp"
#include "tests/support/open_sockets.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::PrintToString;

std::string line_with(pid_t pid) {
  return std::to_string(pid) + "\n";
}

class UpgradeUnderLoad : public ::testing::TestWithParam<bool> {
 protected:
  void start(Arguments arguments) {
    arguments.insert(arguments.end(), {"-w", "2", "--pidfile", pidfile});
    server = std::make_unique<ServerProcess>(example("hello_c"), arguments);
    Load::Shape shape;
    shape.keep_alive = GetParam();
    load = std::make_unique<Load>(server->address(), shape);
    ASSERT_TRUE(load->goes_on());
  }
  void expect_nothing_lost() {
    const LoadReport report = load->stop();
    EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
    EXPECT_EQ(report.refused, 0U);
    EXPECT_GT(report.answered, 200U);
  }
  pid_t master() const {
    const std::string text = read_file(pidfile);
    return text.empty() ? 0 : std::stoi(text);
  }

  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<Load> load;
};

std::string name_of(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "KeepAlive" : "NewConnections";
}

INSTANTIATE_TEST_SUITE_P(, UpgradeUnderLoad, ::testing::Bool(), name_of);

TEST_P(UpgradeUnderLoad, LosesNothingInFiveRoundsAndLeavesOneMaster) {
  start({});
  for (int i = 0; i < 5; ++i) {
    const pid_t old = master();
    ::kill(old, SIGUSR2);
    EXPECT_TRUE(eventually([&] { return master() != old && master() > 0 && !is_alive(old); }));
    EXPECT_TRUE(eventually([&] { return children_of(master()).size() == 2; }));
    EXPECT_TRUE(load->goes_on(50));
    EXPECT_FALSE(std::filesystem::exists(pidfile + ".oldbin"));
  }
  EXPECT_EQ(server->wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_EQ(server->count_in_log("gone, the new master serves"), 5U);
  expect_nothing_lost();
  ::kill(master(), SIGTERM);
  EXPECT_TRUE(server->nothing_is_left());
  EXPECT_FALSE(std::filesystem::exists(pidfile));
}

TEST_P(UpgradeUnderLoad, ByHandEndsWithQuitOfTheOldMaster) {
  start({"--upgrade", "manual"});
  server->signal(SIGUSR2);
  EXPECT_TRUE(server->logs("serves beside this one"));
  EXPECT_EQ(read_file(pidfile + ".oldbin"), line_with(server->pid()));
  const pid_t successor = master();
  EXPECT_NE(successor, server->pid());
  EXPECT_TRUE(load->goes_on());

  server->signal(SIGQUIT);
  EXPECT_EQ(server->wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(load->goes_on());
  EXPECT_EQ(children_of(successor).size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(pidfile + ".oldbin"));
  expect_nothing_lost();
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server->nothing_is_left());
}

TEST_P(UpgradeUnderLoad, ByHandIsUndoneByHupToTheOldMaster) {
  start({"--upgrade", "manual", "--control-socket", folder / "control"});
  server->signal(SIGUSR2);
  EXPECT_TRUE(server->logs("serves beside this one"));
  const pid_t successor = master();
  server->signal(SIGWINCH);
  // Only the new master is left.
  EXPECT_TRUE(eventually([&] { return server->workers() == std::vector<pid_t>{successor}; }));
  EXPECT_TRUE(load->goes_on());
  server->signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return server->workers().size() == 3; }));
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(eventually([&] { return !is_alive(successor); }));
  EXPECT_TRUE(load->goes_on());
  EXPECT_TRUE(eventually([&] { return master() == server->pid(); }));
  const CommandResult asked =
      run_command({ALICORN_BINARY, "ctl", "--socket", folder / "control", "status"});
  EXPECT_THAT(asked.output, HasSubstr("pid " + std::to_string(server->pid()) + ","));
  expect_nothing_lost();
}

/// A slow request holds the old master.
class HandingOver : public ::testing::Test {
 protected:
  void SetUp() override {
    busy.send(get("/sleep?ms=1200"));
    server.signal(SIGUSR2);
    ASSERT_TRUE(server.logs("this one finishes its requests and leaves"));
    successor = std::stoi(read_file(pidfile));
    ASSERT_TRUE(is_alive(server.pid()));
  }
  ~HandingOver() override {
    if (is_alive(successor)) ::kill(successor, SIGTERM);
  }
  void expect_both_leave() {
    EXPECT_EQ(busy.read_response().status, 200);
    EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
    EXPECT_TRUE(server.nothing_is_left());
    EXPECT_FALSE(std::filesystem::exists(socket)) << "the new master's to remove";
    EXPECT_FALSE(std::filesystem::exists(pidfile));
  }

  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  const std::string socket = folder / "app.sock";
  ServerProcess server{test_app("slow"), {"-w", "1", "--pidfile", pidfile, "-b", "unix:" + socket}};
  RawClient busy{server.address()};
  pid_t successor = 0;
};

TEST_F(HandingOver, IsTakenBackIfTheNewMasterIsKilled) {
  ::kill(successor, SIGKILL);
  EXPECT_TRUE(server.logs("ended with SIGKILL; this one starts its workers again"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_EQ(busy.read_response().status, 200);
  EXPECT_EQ(read_file(pidfile), line_with(server.pid()));
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 1; }));
  EXPECT_TRUE(is_alive(server.pid()));
}

TEST_F(HandingOver, EndsBeforeTheNewMasterObeysTerm) {
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.logs("SIGTERM put off until the old master has left"));
  expect_both_leave();
}

TEST_F(HandingOver, PassesAReloadOnAndDelaysTheNextUpgrade) {
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("SIGHUP passed on"));
  EXPECT_TRUE(server.logs("workers in place", 3));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("SIGUSR2 put off until the old master has left"));
  EXPECT_EQ(busy.read_response().status, 200);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return !is_alive(successor); }));
  successor = std::stoi(read_file(pidfile));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(Upgrade, KeepsSocketsOfEveryKindAndRemovesFilesNoLongerConfigured) {
  const UniqueFd given(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::listen(given.get(), 10), 0);
  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  const auto binds_with = [&](const std::string& name) {
    std::string text = "bind:\n";
    for (const std::string& bind : {std::string("fd://7"), "unix:" + (folder / "kept"),
                                    "unix:" + (folder / name), std::string("127.0.0.1:0")}) {
      text += "  - \"" + bind + "\"\n";
    }
    return text + "application: " + example("hello_c") + "\npidfile: " + pidfile + "\n";
  };
  // Only the file's settings: arguments would override them.
  ServerProcess server(example("hello_c"), {},
                       {.descriptors = {{given.get(), 7}},
                        .configuration = binds_with("dropped"),
                        .wrapper = {"/bin/sh", "-c", "exec \"$0\" -c alicorn.yaml"}});
  std::ofstream(server.file("alicorn.yaml")) << binds_with("new");
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.wait_for_end());
  for (const Address& address : server.addresses()) {
    if (address.path() == folder / "dropped") continue;
    EXPECT_EQ(ask(address, get("/")).status, 200) << address.text();
  }
  EXPECT_EQ(ask(*Address::parse("unix:" + (folder / "new")), get("/")).status, 200);
  EXPECT_FALSE(std::filesystem::exists(folder / "dropped"));
  ::kill(std::stoi(read_file(pidfile)), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(Upgrade, ClosesAGivenSocketThatIsNoLongerConfigured) {
  const UniqueFd given(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::listen(given.get(), 10), 0);
  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  const auto configuration = [&](const std::string& bind) {
    return "application: " + example("hello_c") + "\npidfile: " + pidfile + "\nbind: " + bind +
           "\nhooks: {on_starting: test ! -e /proc/self/fd/7}\n";
  };
  ServerProcess server(example("hello_c"), {},
                       {.descriptors = {{given.get(), 7}},
                        .configuration = configuration("fd://7"),
                        .wrapper = {"/bin/sh", "-c", "exec \"$0\" -c alicorn.yaml"}});
  const std::string ours =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(given.get()));
  EXPECT_TRUE(open_sockets(server.pid()).contains(ours));
  std::ofstream(server.file("alicorn.yaml")) << configuration("127.0.0.1:0");
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.wait_for_end());
  const pid_t successor = std::stoi(read_file(pidfile));
  EXPECT_FALSE(open_sockets(successor).contains(ours));
  for (const pid_t worker : children_of(successor)) {
    EXPECT_FALSE(open_sockets(worker).contains(ours));
  }
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(Upgrade, SurvivesTheDeathOfTheOldMaster) {
  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  ServerProcess server(example("hello_c"), {"-w", "2", "--pidfile", pidfile});
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("a new master starts"));
  server.signal(SIGKILL);
  EXPECT_TRUE(server.wait_for_end());
  EXPECT_TRUE(server.logs("workers in place", 2));
  const pid_t successor = std::stoi(read_file(pidfile));
  EXPECT_EQ(children_of(successor).size(), 2U);
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(Upgrade, OfProcessOneIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a process 1";
  const Arguments alone{"unshare", "--pid", "--fork", "--kill-child"};
  if (run_command({"unshare", "--pid", "--fork", "true"}).ending.exit_code != 0) {
    GTEST_SKIP() << "no process may be process 1 here";
  }
  ServerProcess server(example("hello_c"), {"-w", "1"}, {.wrapper = alone});
  const pid_t process_one = server.workers().at(0);
  ::kill(process_one, SIGUSR2);
  EXPECT_TRUE(server.logs("this master is process 1"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  ::kill(process_one, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(Upgrade, OfADaemonStaysInTheBackground) {
  const TemporaryFolder folder;
  const std::string pidfile = folder / "app.pid";
  const Address address = Address::parse("unix:" + (folder / "app.sock")).value();
  // The new master starts where the old one did, so that folder must outlive the command.
  const CommandResult result =
      run_command({"/bin/sh", "-c", "cd '" + (folder / "") + "' && exec \"$0\" \"$@\"",
                   ALICORN_BINARY, "-D", "-b", "unix:app.sock", "--pidfile", pidfile,
                   "--error-logfile", folder / "log", example("hello_c")});
  ASSERT_EQ(result.ending.exit_code, 0) << result.output;
  const pid_t old = std::stoi(read_file(pidfile));
  ::kill(old, SIGUSR2);
  EXPECT_TRUE(eventually([&] { return !is_alive(old); }));
  const pid_t successor = std::stoi(read_file(pidfile));
  EXPECT_NE(successor, old);
  EXPECT_EQ(ask(address, get("/")).status, 200);
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(eventually([&] { return !is_alive(successor); })) << read_file(folder / "log");
  EXPECT_FALSE(std::filesystem::exists(address.path()));
}

/// The log is a file, so the new master's own output does not get there without help.
class FailingUpgrade : public ::testing::Test {
 protected:
  void install_program(const std::string& script, std::filesystem::perms mode) const {
    std::filesystem::remove(program);
    std::ofstream(program) << script;
    std::filesystem::permissions(program, mode);
  }
  static std::string linked(const std::string& path) {
    std::filesystem::create_symlink(ALICORN_BINARY, path);
    return path;
  }
  void expect_reason(const std::string& reason) {
    server.signal(SIGUSR2);
    EXPECT_TRUE(server.logs("this one goes on"));
    EXPECT_THAT(server.log(), ::testing::ContainsRegex("ended with " + reason));
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  }

  InstalledApp app{example("hello_c")};
  const TemporaryFolder& folder = app.folder();
  const std::string program = linked(folder / "alicorn");
  ServerProcess server{app.path(),
                       {"--error-logfile", folder / "log", "--pidfile", folder / "pid"},
                       {.configuration = "workers: 1\n",
                        .wrapper = {"/bin/sh", "-c", "exec '" + program + "' \"$@\""}}};
};

TEST_F(FailingUpgrade, SaysWhatIsWrongWithTheConfiguration) {
  std::ofstream(server.file("alicorn.yaml")) << "wrokers: 1\n";
  expect_reason("exit code 2 \\(wrong usage\\): .*alicorn.yaml:1.*workers");
  EXPECT_TRUE(eventually([&] { return read_file(folder / "pid") == line_with(server.pid()); }));
}

TEST_F(FailingUpgrade, SaysWhyTheProgramCannotBeExecuted) {
  install_program("not a program\n", std::filesystem::perms(0644));
  expect_reason("exit code 127 \\(could not be executed\\): execute [^;]*: Permission denied;");
}

TEST_F(FailingUpgrade, KeepsALastLineThatDoesNotStartWithAscii) {
  install_program("#!/bin/sh\necho 'first' >&2\necho '\xc3\x9c: broken' >&2\nexit 9\n",
                  std::filesystem::perms(0755));
  expect_reason("exit code 9: \xc3\x9c: broken;");
}

TEST_F(FailingUpgrade, KeepsTheLastLineOfALongOutput) {
  install_program(
      "#!/bin/sh\nfor i in $(seq 700); do echo 'as chatty as a debugging library' >&2; "
      "done\necho 'the reason' >&2\nexit 9\n",
      std::filesystem::perms(0755));
  expect_reason("exit code 9: the reason;");
}

TEST_F(FailingUpgrade, LeavesNoDescriptorOpenWhenThePidfileCannotMove) {
  const auto descriptors = [&] {
    const std::filesystem::directory_iterator open("/proc/" + std::to_string(server.pid()) + "/fd");
    return std::distance(begin(open), end(open));
  };
  std::filesystem::create_directory(folder / "pid.oldbin");
  const auto before = descriptors();
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("upgrade: rename"));
  EXPECT_TRUE(eventually([&] { return descriptors() == before; }));
}

TEST_F(FailingUpgrade, RewritesAPidfileThatWasRemoved) {
  std::filesystem::remove(folder / "pid");
  app.replace_by(test_app("bad_init"));
  expect_reason("exit code 3");
  EXPECT_TRUE(eventually([&] { return read_file(folder / "pid") == line_with(server.pid()); }));
  const UniqueFd file(::open((folder / "pid").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_LT(::flock(file.get(), LOCK_SH | LOCK_NB), 0) << "the lock of a child that has ended";
}

TEST_F(FailingUpgrade, SaysWhatIsWrongWithTheApp) {
  app.replace_by(test_app("bad_init"));
  expect_reason("exit code 3 \\(no worker could start\\): worker [0-9]+ .*worker_init");
}

TEST_F(FailingUpgrade, StopsANewMasterThatDoesNotServeInTime) {
  std::ofstream(server.file("alicorn.yaml")) << "workers: 1\nboot_timeout: 1\n";
  install_program("#!/bin/sh\nexec sleep 600\n", std::filesystem::perms(0755));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("a new master starts"));
  server.signal(SIGHUP);
  server.signal(SIGWINCH);
  EXPECT_TRUE(server.logs("SIGWINCH ignored"));
  EXPECT_EQ(server.workers().size(), 2U) << "the worker is still there, and the new master";
  EXPECT_TRUE(server.logs("does not serve in time, and is told to end"));
  EXPECT_TRUE(server.logs("ended with SIGTERM; this one goes on"));
  EXPECT_TRUE(server.logs("workers in place", 3)) << "the reload was only put off";
  EXPECT_EQ(read_file(folder / "pid"), line_with(server.pid()));
}

TEST_F(FailingUpgrade, EndsWhenTheServiceStops) {
  install_program("#!/bin/sh\nexec sleep 600\n", std::filesystem::perms(0755));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("a new master starts"));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server.nothing_is_left());
  EXPECT_FALSE(std::filesystem::exists(folder / "pid"));
}

}  // namespace
}  // namespace alicorn::test
