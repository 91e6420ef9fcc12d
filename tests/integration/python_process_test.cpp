// What an application in Python does to its process: memory, threads, the collector.
#include "tests/support/python_bridge.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/resident_memory.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace alicorn::test {
namespace {

class PythonProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
  }
  void start(Arguments arguments = {}) {
    arguments.insert(arguments.end(), {"--pythonpath", python_apps()});
    server.emplace("cases:application", arguments);
  }
  std::string ask_for(const std::string& target) {
    return ask(server->address(), get(target)).body;
  }

  std::optional<ServerProcess> server;
};

TEST_F(PythonProcess, KeepsNoPieceThatHasBeenSent) {
  start();
  ask_for("/streams?4");
  const int before = std::stoi(ask_for("/memory?VmHWM"));
  EXPECT_EQ(ask_for("/streams?200").size(), 200U << 20U);
  EXPECT_LT(std::stoi(ask_for("/memory?VmHWM")) - before, 50'000) << "KiB";
}

/// Also if no other request follows.
TEST_F(PythonProcess, KeepsNoResponseThatHasBeenSent) {
  start({"-w", "1"});
  const pid_t worker = server->workers().at(0);
  const auto size = [&] { return resident_kib(worker); };
  EXPECT_EQ(ask_for("/nothing"), "");
  const std::size_t before = size();
  EXPECT_EQ(ask_for("/large?100000000").size(), 100'000'000U);
  EXPECT_TRUE(eventually([&] { return size() < before + 30'000; })) << size() - before;
}

TEST_F(PythonProcess, OtherThreadsHaveNoPartInTheResponse) {
  start();
  const std::string refusal =
      "start_response and write work only on the thread that serves the request";
  EXPECT_EQ(ask_for("/other-thread"), refusal + "\n" + refusal);
}

TEST_F(PythonProcess, LogsFaultsAlsoWhenTheClientHasGone) {
  start();
  for (const char* target : {"/endless-and-fails", "/fails-when-gone", "/endless?quiet"}) {
    RawClient leaves(server->address());
    leaves.send(get(target));
    EXPECT_TRUE(leaves.receives("HTTP/1.1 200"));
    leaves.reset();
  }
  EXPECT_TRUE(server->logs("RuntimeError: in close after the client"));
  EXPECT_TRUE(server->logs("RuntimeError: a fault of its own"));
  EXPECT_TRUE(eventually([&] { return ask_for("/was-closed?quiet") == "1"; }));
  EXPECT_EQ(server->count_in_log("BrokenPipeError"), 0U);
}

TEST_F(PythonProcess, NamesTheThreadsThatKeepItFromEnding) {
  start({"-w", "1", "--timeout", "2"});
  EXPECT_EQ(ask_for("/stays"), "started");
  const pid_t worker = server->workers().at(0);
  server->signal(SIGHUP);
  EXPECT_TRUE(
      server->logs("these threads of the application run, and are no daemons: the one that stays"));
  EXPECT_TRUE(server->logs("does not return from the app's worker_exit within timeout: SIGABRT"));
  EXPECT_TRUE(eventually([&] { return ::kill(worker, 0) != 0; }));
}

/// As Python has it by default, though it was off while the module was imported.
TEST_F(PythonProcess, CollectsAsTheApplicationWants) {
  start();
  EXPECT_EQ(ask_for("/collector").substr(0, 9), "True (700");
  server.reset();
  server.emplace("collects:application", Arguments{"--pythonpath", python_apps()});
  EXPECT_EQ(ask_for("/collector"), "False (0, 5, 5) True");
}

}  // namespace
}  // namespace alicorn::test
