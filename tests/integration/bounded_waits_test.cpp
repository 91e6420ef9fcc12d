// Peers that say nothing: a server, a service manager, a daemon. Every wait for one of them has a
// deadline.
#include "tests/support/datagram_receiver.hpp"
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(NotifySocket, IsReportedOnceIfNobodyReadsIt) {
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

TEST_F(StoppedServer, DoesNotKeepItsClientsWaiting) {
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

/// During the on_exit hook the socket is still served, for longer than a client is patient.
TEST(ExitHook, LetsClientsAskAndWait) {
  ServerProcess server(example("hello_c"), {"-w", "1", "--control-socket", "ctl"},
                       {.configuration = "hooks:\n  on_exit: 'echo begun; sleep 12'\n"});
  const Arguments ctl{ALICORN_BINARY, "ctl", "--socket", server.file("ctl")};
  const auto with = [&](Arguments words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
    return words;
  };
  ChildProcess waiting(
      {.arguments = with(ctl, {"stop", "--wait"}), .output_path = server.file("stop")});
  EXPECT_TRUE(server.logs("begun"));
  EXPECT_THAT(run_command(with(ctl, {"status"})).output, HasSubstr("stopping, up"));
  const auto ending = waiting.wait(3 * kPatience);
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 0) << read_file(server.file("stop"));
  EXPECT_EQ(read_file(server.file("stop")), "stopped\n");
  EXPECT_TRUE(server.wait_for_end());
}

TEST(ExitHook, IsEndedByAnExplicitStop) {
  ServerProcess server(example("hello_c"), {"-w", "1", "--control-socket", "ctl"},
                       {.configuration = "hooks:\n  on_exit: 'echo begun; sleep 600'\n"
                                         "hook_timeout: 600\n"});
  server.signal(SIGTERM);
  EXPECT_TRUE(server.logs("begun"));
  const CommandResult result = run_command(
      {ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "stop", "--quick", "--wait"});
  EXPECT_EQ(result.ending.exit_code, 0) << result.output;
  EXPECT_TRUE(server.wait_for_end());
}

/// By then another master talks to the service manager.
TEST(ExitHook, DoesNotKeepAnOldMasterBusy) {
  const TemporaryFolder folder;
  DatagramReceiver manager("unix:" + (folder / "notify"));
  ServerProcess server(
      example("hello_c"), {"-w", "1"},
      {.environment = {{"NOTIFY_SOCKET", folder / "notify"}, {"WATCHDOG_USEC", "400000"}},
       .configuration = "hooks:\n  on_exit: 'test \"$ALICORN_UPGRADE\" != old || "
                        "(echo begun; sleep 60)'\n"});
  manager.receive_until("WATCHDOG=1");
  server.signal(SIGUSR2);
  EXPECT_TRUE(server.logs("begun"));
  const milliseconds before = cpu_time(server.pid());
  EXPECT_TRUE(stays([&] { return cpu_time(server.pid()) - before < milliseconds(200); },
                    milliseconds(2'000)));
  server.signal(SIGINT);
  EXPECT_TRUE(server.wait_for_end());
  ::kill(-server.pid(), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

/// The command that starts a daemon must not wait for ever.
TEST(DaemonThatIsStuck, IsNotAwaitedForEverByTheCommandThatStartedIt) {
  const TemporaryFolder folder;
  write_file(folder / "a.yaml",
             "daemon: true\nbind: 'unix:app.sock'\npidfile: app.pid\nerrorlog: log\n"
             "boot_timeout: 100ms\nhook_timeout: 100ms\nchdir: " +
                 (folder / "") + "\nhooks:\n  on_starting: 'kill -STOP $ALICORN_MASTER_PID'\n");
  const CommandResult result =
      run_server({"-c", folder / "a.yaml", example("hello_c")}, 3 * kPatience);
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("does not say within"));
  const pid_t daemon = std::stoi(read_file(folder / "app.pid"));
  ::kill(daemon, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !is_alive(daemon); }));
}

/// A full pipe that nobody reads.
TEST(FullStandardError, DoesNotKeepAFailedStartFromEnding) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  const std::string page(4096, 'x');
  while (::write(write_end.get(), page.data(), page.size()) > 0) continue;
  ::fcntl(write_end.get(), F_SETFL, 0);  // blocking, as programs usually find it
  const TemporaryFolder folder;
  ChildProcess server({.arguments = {ALICORN_BINARY, "--error-logfile", folder / "log", "-b",
                                     "127.0.0.1:0", test_app("bad_init")},
                       .output_path = folder / "output",
                       .descriptors = {{write_end.get(), STDERR_FILENO}}});
  const auto ending = server.wait();
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 3);
  EXPECT_THAT(read_file(folder / "log"), HasSubstr("worker_init"));
}

/// An old master that was stopped before it was notified that the new one serves.
TEST(StoppedOldMaster, IsNotAwaitedForEver) {
  InstalledApp app(example("hello_c"));
  const std::string pidfile = app.folder() / "pid";
  ServerProcess server(app.path(),
                       {"-w", "1", "--graceful-timeout", "100ms", "--pidfile", pidfile});
  app.replace_by(test_app("late"));
  server.signal(SIGUSR2);
  pid_t successor = 0;
  ASSERT_TRUE(eventually([&] {
    const std::string text = read_file(pidfile);
    successor = text.empty() ? 0 : std::stoi(text);
    return successor > 0 && successor != server.pid();
  }));
  server.signal(SIGSTOP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server.logs("SIGTERM put off until the old master has left"));
  EXPECT_TRUE(server.logs("should have left but still runs", 1, 3 * kPatience));
  EXPECT_TRUE(server.logs("[" + std::to_string(successor) + "] [info] master: stopped"));
  server.signal(SIGCONT);
  EXPECT_TRUE(server.wait_for_end()) << "the service stops";
}

/// Syslog on a socket whose queue is soon full, and statsd.
TEST(UnreadDatagrams, KeepNobodyWaiting) {
  const TemporaryFolder folder;
  const Address address = Address::parse("unix:" + (folder / "log")).value();
  const UniqueFd daemon(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(daemon.get(), address.data(), address.size()), 0);
  const DatagramReceiver statsd("127.0.0.1:0");
  ServerProcess server(test_app("lifecycle"),
                       {"-w", "1", "--log-syslog", "--log-syslog-to", "unix://" + (folder / "log"),
                        "--log-level", "debug", "--statsd-host", statsd.address().text()});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  for (int i = 0; i < 10; ++i) server.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return ask(server.address(), get("/")).status == 200; }));
  server.signal(SIGTERM);
  EXPECT_TRUE(server.wait_for_end());
}

}  // namespace
}  // namespace alicorn::test
