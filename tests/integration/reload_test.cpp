// A reload applies everything new, and never takes a healthy service down.
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

class Reload : public ::testing::Test {
 protected:
  void configure(const std::string& text) { std::ofstream(server.file("alicorn.yaml")) << text; }
  std::string answer() { return ask(server.address(), get("/")).body; }

  InstalledApp app{example("hello_c")};
  ServerProcess server{app.path(), {"-w", "2"}, {.configuration = "server_header: first\n"}};
};

TEST_F(Reload, ServesANewBuildOfTheApp) {
  EXPECT_EQ(answer(), "Hello, world\n");
  app.replace_by(test_app("loop_app"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(answer(), "0\n");
}

TEST_F(Reload, ReportsOnlyNewListeners) {
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(server.count_in_log("listening at"), 1U);
  EXPECT_EQ(server.count_in_log("the new generation serves"), 1U);
}

TEST_F(Reload, RaisesTheNumberOfConnections) {
  configure("worker_connections: 1\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  std::vector<std::unique_ptr<RawClient>> clients;
  const auto connect = [&] {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send(get("/"));
    return clients.back().get();
  };
  for (int worker = 0; worker < 2; ++worker) EXPECT_EQ(connect()->read_response().status, 200);
  RawClient* const third = connect();
  EXPECT_FALSE(third->receives("H", milliseconds(300))) << "there is room for one in each worker";

  configure("worker_connections: 2000\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 3));
  EXPECT_EQ(third->read_response().status, 200);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(connect()->read_response().status, 200) << i;
}

/// A client that has been idle for longer than a second is kept in another form.
TEST_F(Reload, ServesClientsThatHaveRestedAndKeepsThem) {
  RawClient asking(server.address()), silent(server.address());
  for (RawClient* client : {&asking, &silent}) {
    EXPECT_EQ(client->request(get("/")).status, 200);
  }
  EXPECT_FALSE(silent.is_closed(milliseconds(1500)));
  EXPECT_EQ(asking.request(get("/")).status, 200);
  EXPECT_FALSE(silent.is_closed(milliseconds(1500)));
  asking.send(get("/"));
  server.signal(SIGHUP);
  EXPECT_EQ(asking.read_response().status, 200);
  EXPECT_TRUE(server.logs("workers in place", 2));
  for (RawClient* client : {&asking, &silent}) {
    EXPECT_EQ(client->request(get("/")).status, 200);
  }
}

TEST_F(Reload, KeepsTheOldAppWhenTheNewOneCannotBeLoaded) {
  app.replace_by(ALICORN_SOURCE_DIR "/LICENSE");
  const auto before = server.workers();
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("the reload is abandoned"));
  EXPECT_EQ(answer(), "Hello, world\n");
  EXPECT_EQ(server.workers(), before);
}

TEST_F(Reload, KeepsTheOldAppWhenTheNewOneDoesNotStart) {
  app.replace_by(test_app("bad_init"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("the reload is abandoned"));
  EXPECT_EQ(answer(), "Hello, world\n");
  app.replace_by(test_app("loop_app"));
  server.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return answer() == "0\n"; })) << "the next reload is a new chance";
}

TEST_F(Reload, SendsNoClientToAnAppThatIsNotReady) {
  app.replace_by(test_app("unready"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("unready: not yet"));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(answer(), "Hello, world\n") << i;
  std::ofstream(server.file("ready")).flush();
  EXPECT_TRUE(eventually([&] { return answer() == "ready\n"; }));
}

TEST_F(Reload, AppliesTheNewConfiguration) {
  EXPECT_EQ(ask(server.address(), get("/")).field("server"), "first");
  configure("server_header: second\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(ask(server.address(), get("/")).field("server"), "second");
}

TEST_F(Reload, KeepsTheOldConfigurationWhenTheNewOneIsBroken) {
  const auto before = server.workers();
  configure("server_heder: second\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("the old configuration stays"));
  EXPECT_THAT(server.log(), ::testing::HasSubstr("server_header")) << "the nearest key";
  EXPECT_EQ(ask(server.address(), get("/")).field("server"), "first");
  EXPECT_EQ(server.workers(), before);
}

/// With preload, and without it.
class HangingReload : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string settings(const std::string& app) {
    return std::string("graceful_timeout: 1\npreload: ") + GetParam() + "\napp: {" + app + "}\n";
  }
  /// The workers, without zygotes.
  std::vector<pid_t> workers() const {
    std::vector<pid_t> found = server.workers();
    std::erase_if(found, [](pid_t pid) {
      return read_file("/proc/" + std::to_string(pid) + "/cmdline").find("alicorn: worker") ==
             std::string::npos;
    });
    return found;
  }

  ServerProcess server{
      test_app("preloaded"), {"-w", "2"}, {.configuration = settings("worker: serve")}};
};

TEST_P(HangingReload, KeepsServingWhenOldWorkersDie) {
  std::vector<pid_t> old = workers();
  ASSERT_EQ(old.size(), 2U);
  std::ofstream(server.file("alicorn.yaml")) << settings("worker: hang");
  server.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return workers().size() == 3; }));
  pid_t hanging = 0;
  for (const pid_t pid : workers()) {
    if (std::count(old.begin(), old.end(), pid) == 0) hanging = pid;
  }
  for (int round = 0; round < 2; ++round) {
    for (const pid_t worker : old) ::kill(worker, SIGKILL);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(server.address(), get("/")).status, 200) << i;
    std::vector<pid_t> replaced;
    EXPECT_TRUE(eventually([&] {
      replaced = workers();
      const auto are_new = std::erase_if(replaced, [&](pid_t pid) {
                             return std::count(old.begin(), old.end(), pid) > 0;
                           }) == 0;
      return are_new && replaced.size() == 3;
    }));
    EXPECT_EQ(std::erase(replaced, hanging), 1U) << "it is there still";
    old = replaced;
  }
  std::ofstream(server.file("alicorn.yaml")) << settings("worker: serve");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
}

TEST_P(HangingReload, LeavesTheOldLogToReplacementWorkers) {
  const std::string line = "preloaded: worker_init";
  ASSERT_TRUE(server.logs(line, 2));
  const std::vector<pid_t> old = workers();
  const std::string log = server.file("new.log");
  std::ofstream(server.file("alicorn.yaml"))
      << settings("worker: hang") << "errorlog: " << log << "\n";
  server.signal(SIGHUP);
  const auto count_in_new_log = [&] {
    const std::string text = read_file(log);
    return text.find(line) == std::string::npos ? 0 : text.find(line) == text.rfind(line) ? 1 : 2;
  };
  ASSERT_TRUE(eventually([&] { return count_in_new_log() == 1; })) << "the one that hangs";
  std::vector<pid_t> zygotes = server.workers();
  std::erase_if(zygotes, [all = workers()](pid_t pid) {
    return std::count(all.begin(), all.end(), pid) > 0;
  });
  for (const pid_t zygote : zygotes) ::kill(zygote, SIGKILL);
  ASSERT_TRUE(eventually([&] { return server.workers().size() == workers().size(); }));
  ::kill(old.front(), SIGKILL);
  EXPECT_TRUE(server.logs(line, 3));
  EXPECT_EQ(count_in_new_log(), 1);
}

INSTANTIATE_TEST_SUITE_P(Preloaded, HangingReload, ::testing::Values("false", "true"));

}  // namespace
}  // namespace alicorn::test
