// An app whose processes send the master messages like a zygote's or a worker's. The master trusts
// only the kernel, signals only its own children, and goes on with its work.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <signal.h>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

std::string configuration(const std::string& what, const std::string& boot_timeout) {
  return "preload: true\nboot_timeout: " + boot_timeout + "\napp: {forge: " + what + "}\n";
}

/// A server that cannot start.
class Start {
 public:
  Start(const std::string& what, const std::string& boot_timeout) {
    std::ofstream(folder_ / "alicorn.yaml") << configuration(what, boot_timeout);
    process_.emplace(
        ChildProcess::Start{.arguments = {ALICORN_BINARY, "-b", "127.0.0.1:0", test_app("forges")},
                            .output_path = folder_ / "output",
                            .directory = folder_ / ""});
  }
  int exit_code() { return process_->wait().value_or(Ending{}).exit_code; }
  std::string log() const { return read_file(folder_ / "output"); }
  pid_t pid_in(const std::string& name) const {
    return static_cast<pid_t>(std::atoi(read_file(folder_ / name).c_str()));
  }

 private:
  TemporaryFolder folder_;
  std::optional<ChildProcess> process_;
};

/// Root's master must not signal a process just because an app names it.
TEST(ForgedWorker, IsNotSignalledIfItIsNotTheMastersChild) {
  Start server("announces", "2");
  EXPECT_EQ(server.exit_code(), 3) << "the master waits for no slot for ever\n" << server.log();
  EXPECT_THAT(server.log(), HasSubstr("worker 1 could not start"));
  const pid_t forged = server.pid_in("forged.pid");
  ASSERT_GT(forged, 0);
  EXPECT_TRUE(is_alive(forged));
}

/// Independent of boot_timeout.
TEST(ForgedWorker, IsRejectedAtOnceIfItClaimsToBeAChild) {
  ServerProcess server(test_app("forges"), {}, {.configuration = configuration("adopts", "600")});
  EXPECT_EQ(server.count_in_log("says that it is this worker, and is no child of the master's"),
            1U);
  EXPECT_EQ(ask(server.address(), get("/")).body, "forges\n");
  const auto forged = static_cast<pid_t>(std::atoi(read_file(server.file("forged.pid")).c_str()));
  ASSERT_GT(forged, 0);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(is_alive(forged));
  ::kill(-server.pid(), SIGKILL);  // only the app's processes are left in the group
}

/// The end of a process is reported once: its pid in a second slot would stay for ever.
TEST(ForgedWorker, GetsNoSecondSlot) {
  ServerProcess server(test_app("forges"), {"-w", "2"},
                       {.configuration = configuration("twice", "600")});
  EXPECT_TRUE(server.logs("workers in place")) << server.log();
  const std::string liar = read_file(server.file("said.pid"));
  EXPECT_THAT(server.log(), HasSubstr("worker 2 could not start: process " +
                                      liar.substr(0, liar.find('\n')) + " says"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2)) << server.log();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0) << server.log();
}

TEST(ForgedMessages, InAnyNumberEndOnlyTheZygote) {
  Start server("floods", "600");
  EXPECT_EQ(server.exit_code(), 3) << server.log();
  EXPECT_THAT(server.log(), HasSubstr("it sends messages that no zygote sends"));
}

/// A process that closes a lingering socket is blocked for as long as it lingers.
TEST(ForgedMessages, WithAnOpenSocketDoNotBlockTheMaster) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "no thread closes it: lingering_fd.cpp";
#endif
  Start server("lingers", "600");
  EXPECT_EQ(server.exit_code(), 3) << server.log();
  EXPECT_THAT(server.log(), HasSubstr("it sends open files, as no zygote does"));
  const pid_t reader = server.pid_in("reader.pid");
  ASSERT_GT(reader, 0);
  ::kill(reader, SIGKILL);
}

TEST(ForgedMessages, ThatWakeTheMasterDoNotKeepItBusy) {
  ServerProcess server(test_app("forges"), {"-w", "2", "--control-socket", "ctl"},
                       {.configuration = configuration("wakes", "20")});
  for (int i = 0; i < 10; ++i) {
    const CommandResult status =
        run_command({ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "status"});
    EXPECT_EQ(status.ending.exit_code, 0) << status.output;
    EXPECT_THAT(status.output, HasSubstr("2 wanted, 2 ready"));
  }
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
}

TEST(Orphans, OfAnAppAreReapedWithoutDelayingTheMaster) {
  ServerProcess server(test_app("forges"), {"--control-socket", "ctl"},
                       {.configuration = configuration("breeds", "20")});
  EXPECT_EQ(ask(server.address(), get("/")).body, "forges\n");
  EXPECT_TRUE(eventually([&] { return !read_file(server.file("bred.pid")).empty(); }));
  EXPECT_TRUE(eventually([&] { return children_of(server.pid()).size() == 2; }));
}

}  // namespace
}  // namespace alicorn::test
