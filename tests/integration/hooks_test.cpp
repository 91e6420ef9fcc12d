// The operator's hooks: when they run, what they are told, and that none of them holds the server
// up.
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

namespace alicorn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Hooks, RunAtTheRightTimeWithTheFacts) {
  const TemporaryFolder folder;
  std::string configuration = "hooks:\n";
  for (const char* hook : {"on_starting", "when_ready", "on_reload", "nworkers_changed", "pre_fork",
                           "child_exit", "pre_exec", "on_exit"}) {
    configuration += "  " + std::string(hook) + ": 'echo $ALICORN_HOOK $ALICORN_WORKERS_BEFORE:" +
                     "$ALICORN_WORKERS w$ALICORN_WORKER $ALICORN_SIGNAL$ALICORN_EXIT_CODE " +
                     "$ALICORN_REASON >> " + (folder / "told") + "'\n";
  }
  configuration += "  worker_abort: [echo, \"the words of\", worker_abort]\n";
  ServerProcess server(example("hello_c"), {"-w", "1"}, {.configuration = configuration});
  const auto told = [&](const std::string& line) {
    return eventually(
        [&] { return read_file(folder / "told").find(line + '\n') != std::string::npos; });
  };
  EXPECT_TRUE(told("on_starting : w"));
  EXPECT_TRUE(told("pre_fork :1 w1"));
  EXPECT_TRUE(told("when_ready :1 w"));
  server.signal(SIGTTIN);
  EXPECT_TRUE(told("nworkers_changed 1:2 w"));
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 2; }));
  ::kill(server.workers().front(), SIGKILL);
  EXPECT_TRUE(told("child_exit :2 w1 SIGKILL died"));
  server.signal(SIGHUP);
  EXPECT_TRUE(told("on_reload :2 w"));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(told("on_exit :2 w 0"));
}

TEST(Hooks, KnowTheOtherMasterOfAnUpgrade) {
  InstalledApp app(example("hello_c"));
  const std::string told = app.folder() / "told";
  std::string configuration = "hooks:\n";
  for (const char* hook : {"on_starting", "when_ready", "on_exit"}) {
    configuration +=
        "  " + std::string(hook) + ": 'echo $ALICORN_HOOK=$ALICORN_UPGRADE >> " + told + "'\n";
  }
  ServerProcess server(app.path(), {"-w", "1", "--pidfile", app.folder() / "pid"},
                       {.configuration = configuration});
  std::string expected = "on_starting=\nwhen_ready=\n";
  EXPECT_TRUE(eventually([&] { return read_file(told) == expected; }));

  app.replace_by(test_app("bad_init"));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("this one goes on"));
  expected += "on_starting=new\n";
  EXPECT_EQ(read_file(told), expected) << "it has not been ready, and says nothing of its end";

  app.replace_by(example("hello_c"));
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.wait_for_end());
  expected += "on_starting=new\nwhen_ready=new\non_exit=old\n";
  EXPECT_TRUE(eventually([&] { return read_file(told) == expected; })) << read_file(told);

  ::kill(std::stoi(read_file(app.folder() / "pid")), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
  EXPECT_EQ(read_file(told), expected + "on_exit=\n");
}

/// The old master's on_exit waits for a file, so the new master can be observed meanwhile.
class LastHookOfAnOldMaster : public ::testing::Test {
 protected:
  void SetUp() override {
    server.signal(SIGUSR2);
    ASSERT_TRUE(eventually([&] { return read_file(told) == "old\n"; }));
    successor = std::stoi(read_file(pidfile));
    ASSERT_NE(successor, server.pid());
  }
  std::string configuration() const {
    return "pidfile: " + pidfile +
           "\nhook_timeout: 600\nhooks:\n  on_exit: 'echo $ALICORN_UPGRADE >> " + told +
           "; until [ -z \"$ALICORN_UPGRADE\" ] || [ -e " + (folder / "go") +
           " ]; do sleep 0.05; done'\n";
  }

  const TemporaryFolder folder;
  const std::string told = folder / "told";
  const std::string pidfile = folder / "pid";
  ServerProcess server{example("hello_c"), {"-w", "1"}, {.configuration = configuration()}};
  pid_t successor = 0;
};

TEST_F(LastHookOfAnOldMaster, IsNotTheLastIfTheNewMasterDies) {
  ::kill(successor, SIGKILL);
  EXPECT_TRUE(server.logs("ended with SIGKILL; this one starts its workers again"));
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 2; })) << "worker and hook";
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_EQ(read_file(pidfile), std::to_string(server.pid()) + "\n");
  std::ofstream(folder / "go").flush();
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 1; }));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_EQ(read_file(told), "old\n\n") << "now it is the end of the service";
}

TEST_F(LastHookOfAnOldMaster, EndsOnAStopAndLeavesTheServiceToTheNewMaster) {
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server.logs("gone, the new master serves"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(Hooks, ThatHangOrFailHoldNobodyUp) {
  ServerProcess server(example("hello_c"), {"-w", "1", "--hook-timeout", "0.3"},
                       {.configuration = "hooks:\n  when_ready: 'sleep 61 & sleep 62'\n"
                                         "  on_exit: 'echo the last words; exit 7'\n"});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_TRUE(server.logs("hook when_ready was ended after hook_timeout"));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_THAT(server.log(),
              AllOf(HasSubstr("the last words\n"), HasSubstr("hook on_exit exited with code 7")));
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(Hooks, PrintToTheOpenLogFileWhateverIsAtItsPath) {
  const TemporaryFolder folder;
  const std::string log = folder / "error.log";
  ServerProcess server(
      example("hello_c"), {"-w", "1", "--error-logfile", log},
      {.configuration = "hooks:\n  child_exit: 'echo out $ALICORN_WORKER_PID; echo err >&2'\n"});
  std::ofstream(folder / "victim") << "precious\n";
  std::filesystem::rename(log, folder / "moved");
  const auto is_told_of_a_death = [&] {
    const pid_t worker = server.workers().at(0);
    ::kill(worker, SIGKILL);
    return eventually([&] {
      return read_file(folder / "moved").find("out " + std::to_string(worker) + "\nerr\n") !=
             std::string::npos;
    });
  };
  std::filesystem::create_symlink(folder / "victim", log);
  EXPECT_TRUE(is_told_of_a_death());
  EXPECT_EQ(read_file(folder / "victim"), "precious\n");
  std::filesystem::remove(log);
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);  // without a reader: opening it would block
  EXPECT_EQ(ask(server.address(), get("/")).status, 200) << "there is another worker";
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 1; })) << "the hook has ended";
  EXPECT_TRUE(is_told_of_a_death());
  std::filesystem::remove(log);
}

TEST(Hooks, MayBlockOnAPipeThatTheMasterDoesNotBlockOn) {
  ServerProcess server(example("hello_c"), {"-w", "1"});
  const std::string log = server.file("log.fifo");
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
  const UniqueFd reader(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::ofstream(server.file("alicorn.yaml"))
      << "errorlog: " << log << "\nhooks: {on_reload: 'cp /proc/self/fdinfo/1 "
      << server.file("out") << "; cp /proc/self/fdinfo/2 " << server.file("err") << "'}\n";
  server.signal(SIGHUP);
  for (const char* stream : {"out", "err"}) {
    std::string info;
    EXPECT_TRUE(eventually([&] {
      info = read_file(server.file(stream));
      return info.find("flags:") != std::string::npos;
    }));
    const std::size_t flags = info.find("flags:");
    ASSERT_NE(flags, std::string::npos);
    EXPECT_EQ(std::stoi(info.substr(flags + 6), nullptr, 8) & O_NONBLOCK, 0) << info;
  }
}

/// Starts a server that fails: its output and its exit code.
CommandResult start_with(const std::string& hooks) {
  const TemporaryFolder folder;
  std::ofstream(folder / "alicorn.yaml") << "hooks:\n" << hooks;
  return run_server({"-c", folder / "alicorn.yaml", "-b", "127.0.0.1:0", "--hook-timeout", "0.3",
                     example("hello_c")});
}

TEST(Hooks, OnStartingDecidesWhetherTheServerStarts) {
  for (const auto& [command, reason] :
       {std::pair<std::string, std::string>{"exit 9", "exited with code 9"},
        {"sleep 63", "was ended after hook_timeout"}}) {
    const CommandResult result = start_with("  on_starting: " + command + "\n");
    EXPECT_EQ(result.ending.exit_code, 1) << result.output;
    EXPECT_THAT(result.output, HasSubstr("hook on_starting " + reason));
  }
}

/// A hook that signals the master and ends when the master has read all of the signals.
std::string tell_master(const std::string& signals) {
  return "for name in " + signals + "; do kill -$name $ALICORN_MASTER_PID; done; until grep -q " +
         "\"^ShdPnd:[[:space:]]0*$\" /proc/$ALICORN_MASTER_PID/status; do sleep 0.02; done";
}

TEST(Hooks, OnStartingLosesNoSignal) {
  const TemporaryFolder folder;
  const std::string log = folder / "log";
  ServerProcess server(
      example("hello_c"), {"--error-logfile", log},
      {.configuration = "workers: 1\nhooks:\n  on_starting: 'mv " + log + " " + log +
                        ".1; echo workers: 3 > alicorn.yaml; " + tell_master("HUP USR1") + "'\n"});
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 3; }));
  EXPECT_TRUE(server.logs("logs reopened"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(Hooks, OnStartingInANewMasterLosesNoSignalEither) {
  const TemporaryFolder folder;
  const std::string pidfile = folder / "pid";
  ServerProcess server(
      example("echo"), {"--pidfile", pidfile, "--graceful-timeout", "600"},
      {.configuration = "workers: 1\nhooks:\n  on_starting: '[ -z \"$ALICORN_UPGRADE\" ] || { echo "
                        "workers: 3 > alicorn.yaml; " +
                        tell_master("HUP") + "; }'\n"});
  RawClient busy(server.address());
  begin_upload(busy);
  server.signal(SIGUSR2);
  ASSERT_TRUE(server.logs("this one finishes its requests and leaves"));
  const pid_t successor = std::stoi(read_file(pidfile));
  EXPECT_TRUE(eventually([&] { return children_of(successor).size() == 3; }));
  EXPECT_TRUE(is_alive(server.pid())) << "it did not wait for its end";
  EXPECT_EQ(finish_upload(busy).status, 200);
  EXPECT_TRUE(server.wait_for_end());
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST_F(LastHookOfAnOldMaster, PassesSignalsOnToTheNewMaster) {
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("SIGHUP passed on to the new master"));
  EXPECT_TRUE(server.logs("the new generation serves"));
  std::ofstream(folder / "go").flush();
  EXPECT_TRUE(server.wait_for_end());
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

/// The output of a start that fails with these arguments.
std::string failed_start_with_hooks(const Arguments& arguments) {
  const TemporaryFolder folder;
  std::ofstream(folder / "alicorn.yaml") << "hooks:\n  on_starting: 'echo on_starting has run'\n"
                                            "  on_exit: 'echo on_exit with $ALICORN_EXIT_CODE'\n";
  Arguments all{"-c", folder / "alicorn.yaml"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.push_back(example("hello_c"));
  const CommandResult result = run_server(all);
  EXPECT_EQ(result.ending.exit_code, 1) << result.output;
  return result.output;
}

TEST(Hooks, OnExitRunsAfterAFailedStartToo) {
  const TemporaryFolder folder;
  const std::string output =
      failed_start_with_hooks({"-b", "127.0.0.1:0", "--control-socket", folder / "missing/ctl",
                               "--pidfile", folder / "pid"});
  EXPECT_THAT(output, AllOf(HasSubstr("on_starting has run\n"), HasSubstr("missing/ctl"),
                            HasSubstr("on_exit with 1\n")));
  EXPECT_FALSE(std::filesystem::exists(folder / "pid"));
}

TEST(Hooks, OnStartingMayRepairAnAddress) {
  const TemporaryFolder folder;
  const std::string socket = folder / "app.sock";
  write_file(socket, "a file that is no socket");
  const ServerProcess server(example("hello_c"), {"-b", "unix:" + socket},
                             {.configuration = "hooks:\n  on_starting: 'rm " + socket + "'\n"});
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(Hooks, OfARunningServerAreNotUndoneByASecondOne) {
  const TemporaryFolder folder;
  const std::string unix_bind = "unix:" + (folder / "app.sock");
  ServerProcess server(example("hello_c"), {"-b", "127.0.0.1:0", "-b", unix_bind});
  const std::string port = std::to_string(server.address().port());
  for (const Arguments& arguments :
       {Arguments{"-b", "0.0.0.0:" + port}, Arguments{"-b", unix_bind},
        Arguments{"-b", "127.0.0.1:0", "--pidfile", folder / "missing/pid"}}) {
    EXPECT_THAT(failed_start_with_hooks(arguments), Not(HasSubstr("on_"))) << "nothing to undo";
  }
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(Hooks, WithAnUnknownNameAreRefused) {
  EXPECT_THAT(start_with("  when_redy: x\n").output,
              HasSubstr("hooks has an unknown hook \"when_redy\", did you mean \"when_ready\"?"));
  EXPECT_THAT(start_with("  post_fork: x\n").output,
              HasSubstr("it runs in the worker, as the application's callback worker_init"));
  EXPECT_EQ(start_with("  on_exit: []\n  on_reload: ''\n").ending.exit_code, 2);
}

}  // namespace
}  // namespace alicorn::test
