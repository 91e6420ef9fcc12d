// Workers and masters that die without warning.
#include "tests/support/load.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

TEST(KilledWorker, IsReplacedUnderLoadAndLosesOnlyRequestsInFlight) {
  ServerProcess server(example("hello_c"), {"-w", "2"});
  Load load(server.address(), {});
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_TRUE(load.goes_on());
    const auto workers = server.workers();
    ASSERT_FALSE(workers.empty());
    ::kill(workers.front(), SIGKILL);
    EXPECT_TRUE(server.logs("was killed by SIGKILL", i));
    EXPECT_TRUE(eventually([&] { return server.workers().size() == 2; }));
  }
  EXPECT_TRUE(load.goes_on());
  const LoadReport report = load.stop();
  EXPECT_LE(report.lost, 3U * 4U) << "each client at most one per kill";
}

TEST(KilledWorker, HasItsRequestsNamed) {
  ServerProcess server(example("echo"), {"-w", "1", "--threads", "2"});
  RawClient client(server.address());
  begin_upload(client, {"X-Request-Id: the-one-in-flight"});
  ::kill(server.workers().at(0), SIGKILL);
  EXPECT_TRUE(server.logs("was killed by SIGKILL"));
  EXPECT_THAT(server.log(),
              HasSubstr("in flight: POST /upload (id the-one-in-flight, from 127.0.0.1"));
  EXPECT_EQ(ask(server.address(), get("/status")).status, 200);
}

TEST(CrashingApp, ThatOverwritesItsScoreboardSlotHarmsNobodyElse) {
  ServerProcess server(test_app("stray_write"), {"-w", "1"});
  EXPECT_NE(ask(server.address(), get("/stray")).status, 200);
  EXPECT_TRUE(server.logs("was killed by SIGABRT"));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_TRUE(is_alive(server.pid()));
}

TEST(CrashingApp, IsLoggedWithSignalAndRequestAndTheServerGoesOn) {
  ServerProcess server(test_app("crash"), {"-w", "2"});
  for (const auto& [path, name] :
       {std::pair<std::string, std::string>{"/crash", "SIGSEGV"}, {"/abort", "SIGABRT"}}) {
    RawClient victim(server.address());
    victim.send(get(path, {"X-Request-Id: murderer-of-" + name}));
    EXPECT_NE(victim.read_response().status, 200);
    EXPECT_TRUE(server.logs("was killed by " + name));
    EXPECT_THAT(server.log(), HasSubstr("GET " + path + " (id murderer-of-" + name));
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  }
  EXPECT_TRUE(eventually([&] { return server.workers().size() == 2; }));
}

TEST(CrashingApp, LosesNoAccessLogLineOfAnAnsweredRequest) {
  ServerProcess server(test_app("crash"), {"-w", "1", "--access-logfile", "access.log"});
  RawClient client(server.address());
  EXPECT_EQ(client.request(get("/answered")).status, 200);
  EXPECT_EQ(client.request(get("/crash")).status, 500);
  EXPECT_TRUE(server.logs("was killed by SIGSEGV"));
  EXPECT_THAT(read_file(server.file("access.log")), HasSubstr("GET /answered"));
}

TEST(CrashingApp, IsRespawnedWithGrowingDelays) {
  ServerProcess server(test_app("crash"), {"-w", "1"});
  for (std::size_t i = 1; i <= 3; ++i) {
    RawClient victim(server.address());
    victim.send(get("/crash"));
    EXPECT_TRUE(server.logs("was killed by SIGSEGV", i));
    EXPECT_TRUE(eventually([&] { return server.workers().size() == 1; }));
  }
  EXPECT_THAT(server.log(), HasSubstr("its successor starts at once"));
  EXPECT_THAT(server.log(), HasSubstr("its successor starts in 50 ms"));
}

TEST(KilledMaster, EndsItsWorkersAndFreesItsAddress) {
  ServerProcess server(test_app("slow"), {"-w", "3"});
  const auto workers = server.workers();
  EXPECT_EQ(workers.size(), 3U);
  RawClient busy(server.address());
  busy.send(get("/sleep?ms=30000"));
  EXPECT_FALSE(busy.receives("H", milliseconds(50)));
  server.signal(SIGKILL);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).signal, SIGKILL);
  EXPECT_TRUE(eventually([&] { return std::none_of(workers.begin(), workers.end(), is_alive); },
                         milliseconds(1000)));
  ServerProcess next(example("hello_c"), {"-b", server.address().text()});
  EXPECT_EQ(ask(next.address(), get("/")).status, 200);
}

TEST(KilledMaster, LetsItsWorkersExitCleanly) {
  ServerProcess server(test_app("lifecycle"), {"-w", "2"});
  const auto workers = server.workers();
  server.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return std::none_of(workers.begin(), workers.end(), is_alive); },
                         milliseconds(1000)));
  EXPECT_EQ(server.count_in_log("the master is gone: leaving"), 2U);
  EXPECT_EQ(server.count_in_log("lifecycle: worker_exit"), 2U);
}

TEST(KilledMaster, EndsAWorkerWhoseLoopIsStuck) {
  ServerProcess server(test_app("hang_loop"), {"-w", "1", "-t", "0"});
  const auto workers = server.workers();
  RawClient client(server.address());
  client.send(get("/"));
  EXPECT_FALSE(client.receives("H", milliseconds(100)));
  server.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return std::none_of(workers.begin(), workers.end(), is_alive); },
                         milliseconds(1000)));
}

TEST(KilledMaster, EndsAWorkerThatIsStillStarting) {
  const TemporaryFolder folder;
  ChildProcess server({.arguments = {ALICORN_BINARY, "-b", "127.0.0.1:0", test_app("hang_init")},
                       .output_path = folder / "output"});
  ASSERT_TRUE(eventually([&] { return !children_of(server.pid()).empty(); }));
  server.signal(SIGKILL);
  EXPECT_TRUE(server.group_ends(milliseconds(1000)));
}

TEST(KilledMaster, LeavesAUnixSocketAndAPidfileForTheNextServer) {
  const TemporaryFolder folder;
  const Arguments arguments{"-b", "unix:" + (folder / "app.sock"), "--pidfile", folder / "app.pid"};
  {
    ServerProcess server(example("hello_c"), arguments);
    server.signal(SIGKILL);
    EXPECT_TRUE(server.wait_for_end());
    EXPECT_TRUE(server.nothing_is_left());
  }
  ServerProcess next(example("hello_c"), arguments);
  EXPECT_EQ(ask(next.address(), get("/")).status, 200);
  EXPECT_EQ(read_file(folder / "app.pid"), std::to_string(next.pid()) + "\n");
}

}  // namespace
}  // namespace alicorn::test
