// What an application in Python does to its process: memory, threads, the collector.
#include "tests/support/python_bridge.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/resident_memory.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

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
  if (!kHeapIsGlibcs) GTEST_SKIP() << "a sanitizer's heap keeps what is freed";
  start();
  ask_for("/streams?4");
  const int before = std::stoi(ask_for("/memory?VmHWM"));
  EXPECT_EQ(ask_for("/streams?200").size(), 200U << 20U);
  EXPECT_LT(std::stoi(ask_for("/memory?VmHWM")) - before, 50'000) << "KiB";
}

/// Also if no other request follows.
TEST_F(PythonProcess, KeepsNoResponseThatHasBeenSent) {
  if (!kHeapIsGlibcs) GTEST_SKIP() << "a sanitizer's heap keeps what is freed";
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

/// Each is told apart in the log by the line of Python that it was in.
TEST_F(PythonProcess, FreesAThreadFromARequestThatIsLate) {
  start({"-w", "1", "--request-timeout", "0.5"});
  const auto workers = server->workers();
  for (const auto& [how, line] :
       {std::pair{"computes", "pass"}, std::pair{"sleeps", "time.sleep(999)"},
        std::pair{"locks", "lock.acquire()"}, std::pair{"in-c-again", "usleep"}}) {
    const std::size_t before = server->count_in_log("its thread serves again");
    EXPECT_EQ(ask(server->address(), get(std::string("/hangs?") + how)).status, 504) << how;
    EXPECT_TRUE(eventually([&] {
      return server->count_in_log("its thread serves again") == before + 1;
    })) << how;
    EXPECT_EQ(ask_for("/nothing"), "") << how;
  }
  EXPECT_EQ(server->workers(), workers) << "none is replaced";
  EXPECT_TRUE(server->logs("and does not return; it is being interrupted"));
  EXPECT_TRUE(server->logs("cases.py"));
  EXPECT_TRUE(server->logs(" in hangs; File "));
  EXPECT_EQ(server->count_in_log("RequestTimeout"), 0U) << "the server's own, and no fault";
}

TEST_F(PythonProcess, ReplacesAWorkerThatCannotBeFreed) {
  for (const char* how : {"in-c", "catches"}) {
    start({"-w", "1", "--request-timeout", "0.5", "--graceful-timeout", "1"});
    const auto workers = server->workers();
    EXPECT_EQ(ask(server->address(), get(std::string("/hangs?") + how)).status, 504) << how;
    EXPECT_TRUE(server->logs("in hangs")) << how;
    EXPECT_TRUE(server->logs("within 5 s after it was interrupted; this worker")) << how;
    EXPECT_TRUE(eventually([&] { return server->workers() != workers; })) << how;
    EXPECT_EQ(ask_for("/nothing"), "");
    server.reset();
  }
}

/// Python's own interruption of sleep() and its like is for the main thread only.
TEST_F(PythonProcess, FreesOtherThreadsFromCode) {
  start({"-w", "1", "--threads", "3", "--request-timeout", "0.5"});
  const auto workers = server->workers();
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server->address());
    clients.back().send(get("/hangs?computes"));
  }
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 504);
  EXPECT_TRUE(server->logs("its thread serves again", 3));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask_for("/nothing"), "");
  EXPECT_EQ(server->workers(), workers);
}

TEST_F(PythonProcess, CrashesWithPythonsStack) {
  for (const char* where : {"here", "in-thread"}) {
    start({"-w", "1"});
    ask_for(std::string("/crashes?") + where);
    EXPECT_TRUE(server->logs("killed by SIGSEGV")) << where;
    EXPECT_TRUE(server->logs("ctypes/__init__.py")) << where << server->log();
    server.reset();
  }
}

TEST_F(PythonProcess, MakesRequestsBeforeItServes) {
  const Arguments requests{
      "--preload-requests", "/first?a=b",
      "--preload-requests", "https://example.org/first",
      "--preload-requests", "/missing",
      "--preload-requests", "/fails",
      "--preload-requests", "/large?100000",
      "--preload-requests", "/a-file?0",
      "--preload-requests", "/generator",
      "--preload-requests", "POST /whole\nX-Given: yes\nContent-Type: text/x\n\nthe body\n"};
  for (const bool is_preloaded : {false, true}) {
    Arguments arguments = requests;
    arguments.insert(arguments.end(), {"-w", "2", is_preloaded ? "--preload" : "--no-preload"});
    start(arguments);
    std::set<std::string> importers;
    EXPECT_TRUE(eventually([&] {
      std::istringstream words(ask(server->address(), get("/first", {"Connection: close"})).body);
      std::string url, process;
      words >> url >> process;
      EXPECT_EQ(url, "http://localhost/first?a=b");
      importers.insert(process);
      words >> url >> process;
      EXPECT_EQ(url, "https://example.org/first");
      return is_preloaded || importers.size() == 2;
    }));
    EXPECT_TRUE(server->logs("('CONTENT_LENGTH', '8'), ('CONTENT_TYPE', 'text/x'), "));
    EXPECT_TRUE(server->logs("('HTTP_X_GIVEN', 'yes')"));
    EXPECT_TRUE(server->logs("b'the body'"));
    EXPECT_TRUE(server->logs("preload_requests: /missing was answered with 404"));
    EXPECT_TRUE(server->logs("ValueError: on purpose"));
    EXPECT_TRUE(server->logs("preload_requests: /fails has failed"));
    EXPECT_EQ(server->count_in_log("preload_requests: /"), is_preloaded ? 2U : 4U);
    server.reset();
  }
}

/// What an application keeps of such a request is of use afterwards.
TEST_F(PythonProcess, MayKeepTheErrorStreamOfARequestBefore) {
  for (const char* how : {"--preload", "--no-preload"}) {
    start({how, "--preload-requests", "/keep", "--preload-requests",
           "GET /whole\nHost: example.org\n"});
    ask_for("/use-kept");
    EXPECT_TRUE(server->logs("after its request"));
    EXPECT_TRUE(server->logs("('HTTP_HOST', 'example.org')"));
    EXPECT_EQ(server->count_in_log("killed by"), 0U) << server->log();
    server.reset();
  }
}

/// One view holds the interpreter's lock in C, and others wait for it beyond their time.
TEST_F(PythonProcess, FreesRequestsThatWaitForTheInterpreter) {
  start({"-w", "1", "--threads", "6", "--request-timeout", "1"});
  const auto workers = server->workers();
  RawClient holds(server->address());
  holds.send(get("/sums"));
  std::vector<RawClient> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(server->address());
    waiting.back().send(get("/hangs?computes"));
  }
  for (RawClient& client : waiting) EXPECT_EQ(client.read_response().status, 504);
  EXPECT_TRUE(eventually([&] { return ask_for("/nothing").empty(); }));
  EXPECT_TRUE(eventually([&] { return ask(server->address(), get("/nothing")).status == 200; }));
  EXPECT_EQ(server->count_in_log("this worker will be replaced"), 0U) << server->log();
  EXPECT_EQ(server->workers(), workers);
}

TEST_F(PythonProcess, IsWarnedOfSocketsThatWorkersWouldShare) {
  start({"--preload", "--preload-requests", "/opens"});
  EXPECT_TRUE(server->logs("the app has opened a socket while it was loaded"));
  EXPECT_TRUE(server->logs("socket=\"at 127.0.0.1:"));
  EXPECT_EQ(server->count_in_log("opened a socket"), 1U);
}

TEST(MigrateConfigOfGunicorn, ExecutesTheFile) {
  const TemporaryFolder folder;
  write_file(folder / "gunicorn.conf.py",
             "import multiprocessing, sys\nprint('printed')\nsys.stderr.write('written')\n"
             "workers = 1 + 2\nbind = ('127.0.0.1:0',)\numask = 0o27\n"
             "def when_ready(server):\n    pass\n");
  const CommandResult result = run_server({"migrate-config", folder / "gunicorn.conf.py"});
  EXPECT_EQ(result.ending.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("\nworkers: 3\nbind: [\"127.0.0.1:0\"]\numask: \"027\"\n"));
  EXPECT_THAT(result.output, HasSubstr("# when_ready\n"));
  write_file(folder / "broken.py", "workers = nothing\n");
  const CommandResult broken = run_server({"migrate-config", folder / "broken.py"});
  EXPECT_EQ(broken.ending.exit_code, 1);
  EXPECT_THAT(broken.output, HasSubstr("NameError: name 'nothing' is not defined"));
  EXPECT_EQ(run_server({"migrate-config"}).ending.exit_code, 2);
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
