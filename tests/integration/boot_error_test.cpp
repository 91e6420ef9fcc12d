// Errors that keep the server from starting: one line with the reason, and the right exit code.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* kAnyPort = "127.0.0.1:0";

struct Case {
  Arguments arguments;
  int exit_code;
  std::string message;
};

/// If the log is a file, standard error gets that one line.
void expect_failure(const Case& failure) {
  const TemporaryFolder folder;
  Arguments arguments{"-b", kAnyPort, "--error-logfile", folder / "log"};
  arguments.insert(arguments.end(), failure.arguments.begin(), failure.arguments.end());
  const CommandResult result = run_server(arguments);
  EXPECT_EQ(result.ending.exit_code, failure.exit_code) << failure.message << result.output;
  EXPECT_THAT(result.output, ContainsRegex(failure.message));
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
  EXPECT_THAT(result.output, ::testing::StartsWith("alicorn: "));
}

TEST(BootError, ExitsWith4IfTheAppCannotBeLoaded) {
  expect_failure({{"/nowhere/app.so"}, 4, "/nowhere/app.so.*No such file"});
  expect_failure({{ALICORN_SOURCE_DIR "/LICENSE"}, 4, "LICENSE"});
  expect_failure({{"/lib/x86_64-linux-gnu/libz.so.1"}, 4, "libz|No such file"});
  expect_failure({{test_app("no_note")}, 4, "no_note.so"});
  expect_failure({{test_app("wrong_major")}, 4, "wrong_major.so.*ABI 9"});
  expect_failure({{test_app("newer_minor")}, 4, "newer_minor.so.*999"});
  expect_failure({{test_app("unknown_flags")}, 4, "unknown_flags.so"});
  expect_failure({{test_app("wrong_symbol")}, 4, "alicorn_app_entry"});
  expect_failure({{example("hello_c") + ":no_such_entry"}, 4, "no_such_entry"});
  expect_failure({{test_app("missing_library")}, 4, "libnowhere_to_be_found"});
  expect_failure({{test_app("bad_table")}, 4, "bad_table.so"});
  expect_failure({{test_app("refuses")}, 4, "refuses.so"});
}

TEST(BootError, OfAnAppComesBeforeTheServerListens) {
  const CommandResult result = run_server({"-b", kAnyPort, "/nowhere/app.so"});
  EXPECT_EQ(result.ending.exit_code, 4);
  EXPECT_THAT(result.output, HasSubstr("starting"));
  EXPECT_THAT(result.output, ::testing::Not(HasSubstr("listening at")));
}

TEST(BootError, ExitsWith3IfTheAppDoesNotStart) {
  expect_failure({{test_app("bad_init")}, 3, "worker_init"});
  expect_failure({{test_app("bad_preload")}, 3, "preload failed with -1"});
  expect_failure({{test_app("exit_init")}, 3, "worker 1 .*could not start.*exited with code 7"});
}

TEST(BootError, ExitsWith3AfterBootTimeoutIfTheAppHangs) {
  expect_failure({{"--boot-timeout", "0.3", test_app("hang_init")}, 3, "could not start"});
}

TEST(BootError, OfManyWorkersIsReportedOnce) {
  expect_failure({{"-w", "4", test_app("bad_init")}, 3, "worker_init"});
}

TEST(BootError, ShowsTheAppsOwnMessage) {
  const CommandResult result = run_server({"-b", kAnyPort, test_app("bad_init")});
  EXPECT_THAT(result.output, HasSubstr("the database is not there"));
}

TEST(BootError, ExitsWith2OnWrongUsage) {
  expect_failure({{}, 2, "application"});
  expect_failure({{"--no-such-flag", example("hello_c")}, 2, "no-such-flag"});
  expect_failure({{"--workrs", "2", example("hello_c")}, 2, "workers"});
  expect_failure({{"-w", "many", example("hello_c")}, 2, "workers"});
  expect_failure({{"-w", "0", example("hello_c")}, 2, "workers"});
  expect_failure({{"-b", "no.such.host:x", example("hello_c")}, 2, "no.such.host"});
  expect_failure({{"-c", "/nowhere.yaml", example("hello_c")}, 2, "/nowhere.yaml"});
}

TEST(BootError, InAYamlFileNamesTheLine) {
  const TemporaryFolder folder;
  std::ofstream(folder / "typo.yaml") << "workers: 2\nwrokers: 3\n";
  expect_failure({{"-c", folder / "typo.yaml", example("hello_c")}, 2, "typo.yaml:2.*workers"});
  std::ofstream(folder / "broken.yaml") << "workers: 2\nbind: [\n";
  expect_failure({{"-c", folder / "broken.yaml", example("hello_c")}, 2, "broken.yaml:[0-9]+"});
}

TEST(BootError, ExitsWith1AtOnceIfThePortIsInUse) {
  ServerProcess server(example("hello_c"), {});
  const MonotonicTime before = now();
  expect_failure(
      {{"-b", server.address().text(), example("hello_c")}, 1, "Address already in use"});
  EXPECT_LT(now() - before, seconds(4));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST(BootError, ExitsWith1IfThePidfileCannotBeWritten) {
  expect_failure({{"--pidfile", "/nowhere/app.pid", example("hello_c")}, 1, "/nowhere/app.pid"});
}

TEST(BootError, ExitsWith1IfThePidfileBelongsToALiveServer) {
  const TemporaryFolder folder;
  ServerProcess server(example("hello_c"), {"--pidfile", folder / "app.pid"});
  expect_failure({{"--pidfile", folder / "app.pid", example("hello_c")}, 1, "app.pid"});
  EXPECT_EQ(read_file(folder / "app.pid"), std::to_string(server.pid()) + "\n");
}

TEST(BootError, ExitsWith1IfALogCannotBeOpened) {
  const CommandResult result = run_server({"--error-logfile", "/nowhere/log", example("hello_c")});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("errorlog: open /nowhere/log: No such file or directory\n"));
}

TEST(BootError, LeavesNothingBehind) {
  const TemporaryFolder folder;
  const CommandResult result = run_server({"-b", "unix:" + (folder / "app.sock"), "--pidfile",
                                           folder / "app.pid", test_app("bad_init")});
  EXPECT_EQ(result.ending.exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(folder / "app.sock"));
  EXPECT_FALSE(std::filesystem::exists(folder / "app.pid"));
}

TEST(FullDisk, DoesNotStopTheServer) {
  ServerProcess server(example("echo"), {"--access-logfile", "/dev/full"});
  RawClient client(server.address());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.request(get("/status")).status, 200);
}

TEST(OddApp, IsServedByTheNameOfItsEntryPoint) {
  ServerProcess server(test_app("wrong_symbol") + ":other_entry", {});
  EXPECT_EQ(ask(server.address(), get("/")).body, "by the other door\n");
}

TEST(CheckApp, ReportsWithoutRunningTheApp) {
  const CommandResult good = run_server({"check", example("hello_c")});
  EXPECT_EQ(good.ending.exit_code, 0) << good.output;
  const CommandResult bad = run_server({"check", test_app("wrong_major")});
  EXPECT_EQ(bad.ending.exit_code, 4) << bad.output;
}

TEST(CheckConfig, ReportsWhetherTheServerWouldStart) {
  EXPECT_EQ(run_server({"--check-config", example("hello_c")}).output, "configuration ok\n");
  EXPECT_EQ(run_server({"--check-config", "/nowhere/app.so"}).ending.exit_code, 4);
  const CommandResult unsafe = run_server({"--check-config", "--threads", "4", test_app("slow")});
  EXPECT_EQ(unsafe.ending.exit_code, 4);
  EXPECT_THAT(unsafe.output, HasSubstr("slow.so is not marked ALICORN_APP_THREAD_SAFE: "));
  const auto stranger = run_server({"--check-config", "--user", "no-such", example("hello_c")});
  EXPECT_EQ(stranger.ending.exit_code, 1);
  EXPECT_EQ(stranger.output, "alicorn: user 'no-such': there is no such user\n");
}

}  // namespace
}  // namespace alicorn::test
