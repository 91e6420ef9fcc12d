// The log record of a worker that was crashed by its app.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::ContainsRegex;

struct Death {
  std::string path;
  std::string cause;
  std::string frames;
};

class CrashReports : public ::testing::TestWithParam<Death> {};

TEST_P(CrashReports, SayWhyAndWhere) {
  ServerProcess server(test_app("crash"), {"-w", "1"});
  const Response response = ask(server.address(), get(GetParam().path));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_TRUE(server.logs("was killed by " + GetParam().cause));
  EXPECT_THAT(
      server.log(),
      ContainsRegex("; serving: GET " + GetParam().path + " .id [^;]* ms, with tenant=acme.; its " +
                    "successor starts at once thread=[0-9]+ backtrace=\"" + GetParam().frames));
  EXPECT_TRUE(eventually([&] { return ask(server.address(), get("/")).status == 200; }));
}

INSTANTIATE_TEST_SUITE_P(
    Deaths, CrashReports,
    ::testing::Values(Death{"/crash", "SIGSEGV (SEGV_MAPERR: nothing is mapped there) at 0x0",
                            "#0 follow_null.0x[0-9a-f]+ .crash.so.0x[0-9a-f]+.; #1 on_request"},
                      Death{"/jump", "SIGSEGV (SEGV_MAPERR: nothing is mapped there) at 0x0",
                            "#0 0x0; #1 call_null.0x[^;]*; #2 on_request"},
                      Death{"/late", "SIGSEGV", "#0 follow_null.0x[^;]*; #1 on_request"},
                      Death{"/overflow", "SIGSEGV", "#0 overflow_the_stack.*and as #2 to #"},
                      Death{"/divide", "SIGFPE (FPE_INTDIV",
                            "#0 divide_by_zero.0x[^;]*; #1 on_request"},
                      Death{"/abort", "SIGABRT after", "#0 .* abort.0x[^;]*; #[0-9] on_request"}),
    [](const auto& each) { return each.param.path.substr(1); });

TEST(CrashReport, OfAStuckLoopShowsTheStuckThread) {
  ServerProcess server(test_app("hang_loop"), {"-w", "1", "-t", "1"});
  RawClient client(server.address());
  client.send(get("/"));
  EXPECT_EQ(client.read_response().status, 500);
  EXPECT_TRUE(server.logs("was killed by SIGABRT from process " + std::to_string(server.pid())));
  EXPECT_THAT(server.log(), ContainsRegex("serving: GET / .*backtrace=\"#0 [^;]*pause.*; #[0-9] "
                                          "on_request.0x[0-9a-f]+ .hang_loop.so"));
}

TEST(CrashReport, NamesNoFunctionsOfAReplacedFile) {
  const TemporaryFolder folder;
  const std::string app = folder / "app.so";
  std::filesystem::copy_file(test_app("crash"), app);
  ServerProcess server(app, {"-w", "1"});
  std::filesystem::copy_file(example("hello_c"), folder / "new.so");
  std::filesystem::rename(folder / "new.so", app);
  EXPECT_EQ(ask(server.address(), get("/crash")).status, 500);
  EXPECT_TRUE(server.logs("was killed by SIGSEGV"));
  EXPECT_THAT(server.log(), ContainsRegex("backtrace=\"#0 app.so.0x[0-9a-f]+; #1 app.so.0x"));
  EXPECT_EQ(server.count_in_log("written over"), 0U);
}

TEST(CrashReport, ReportsThatTheFileWasOverwritten) {
  const TemporaryFolder folder;
  const std::string app = folder / "app.so";
  std::filesystem::copy_file(test_app("crash"), app);
  ServerProcess server(app, {"-w", "1"});
  // The same bytes, so that the program still runs. File times are no finer than a clock tick.
  EXPECT_TRUE(stays([] { return true; }, milliseconds(50)));
  std::fstream(app, std::ios::in | std::ios::out | std::ios::binary) << "\x7f";
  EXPECT_EQ(ask(server.address(), get("/crash")).status, 500);
  EXPECT_TRUE(server.logs(app + " has been written over since this worker loaded it"));
}

TEST(CrashReport, IgnoresAFileNewerThanThePreload) {
  const TemporaryFolder folder;
  const std::string app = folder / "app.so";
  std::filesystem::copy_file(test_app("crash_without_id"), app);
  std::filesystem::copy_file(test_app("crash_without_id"), folder / "new.so");
  // File times are no finer than a clock tick.
  EXPECT_TRUE(stays([] { return true; }, milliseconds(50)));
  ServerProcess server(app, {"-w", "1", "--preload"});
  EXPECT_EQ(ask(server.address(), get("/crash")).status, 500);
  EXPECT_TRUE(server.logs("backtrace=\"#0 follow_null"));
  std::filesystem::rename(folder / "new.so", app);
  for (std::size_t deaths = 2; deaths <= 3; ++deaths) {  // the last one was forked afterwards
    EXPECT_TRUE(eventually([&] { return ask(server.address(), get("/crash")).status == 500; }));
    EXPECT_TRUE(server.logs("was killed by SIGSEGV", deaths));
  }
  EXPECT_EQ(server.count_in_log("follow_null"), 1U);
}

}  // namespace
}  // namespace alicorn::test
