// With preload a zygote loads the app and forks the workers. The operator's commands and all
// failures must behave as without it.
#include "tests/support/load.hpp"
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

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::PrintToString;

std::string title_of(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/cmdline");
}

std::vector<pid_t> children_titled(pid_t parent, const std::string& title) {
  std::vector<pid_t> found = children_of(parent);
  std::erase_if(found, [&](pid_t pid) { return title_of(pid).find(title) == std::string::npos; });
  return found;
}

std::size_t open_descriptors(pid_t pid) {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

/// The number of scoreboards that a process shares with the master.
std::size_t open_boards(pid_t pid) {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::count_if(begin(open), end(open), [](const auto& entry) {
    std::error_code error;
    return std::filesystem::read_symlink(entry.path(), error).string().find("scoreboard") !=
           std::string::npos;
  }));
}

class Preload : public ::testing::Test {
 protected:
  void configure(const std::string& text, bool preload = true) {
    std::ofstream(server.file("alicorn.yaml"))
        << "preload: " << (preload ? "true" : "false") << "\nboot_timeout: 1\n"
        << text;
  }
  std::string answer() { return ask(server.address(), get("/")).body; }
  std::vector<pid_t> zygotes() const { return children_titled(server.pid(), "alicorn: zygote"); }
  std::vector<pid_t> workers() const { return children_titled(server.pid(), "alicorn: worker"); }
  pid_t zygote() const { return zygotes().empty() ? 0 : zygotes().front(); }
  std::string read_by_zygote() const { return "read by " + std::to_string(zygote()) + "\n"; }
  /// That many workers and one zygote, and nothing else, not even a zombie.
  bool has_children(std::size_t workers_wanted) const {
    return eventually([&] {
      return zygotes().size() == 1 && workers().size() == workers_wanted &&
             children_of(server.pid()).size() == 1 + workers_wanted;
    });
  }

  ServerProcess server{test_app("preloaded"),
                       {"-w", "2"},
                       {.configuration = "preload: true\napp: {megabytes: 1}\n"}};
};

TEST_F(Preload, LoadsTheAppOnceAndTheWorkersAreTheMastersChildren) {
  EXPECT_TRUE(has_children(2));
  EXPECT_EQ(server.count_in_log("preloaded: reads its data"), 1U);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(answer(), read_by_zygote());
}

TEST_F(Preload, ReloadsWithANewZygoteAndRemovesTheOldOne) {
  const std::string before = answer();
  const std::size_t descriptors = open_descriptors(server.pid());
  for (std::size_t reload = 2; reload < 4; ++reload) {
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", reload));
    EXPECT_TRUE(has_children(2));
    EXPECT_NE(answer(), before);
    EXPECT_EQ(answer(), read_by_zygote());
    EXPECT_EQ(open_descriptors(server.pid()), descriptors);
  }
  EXPECT_EQ(server.count_in_log("preloaded: reads its data"), 3U);
}

TEST_F(Preload, CanBeSwitchedOffByAReload) {
  configure("app: {megabytes: 1}\n", false);
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_TRUE(eventually([&] { return zygotes().empty(); }));
  EXPECT_EQ(server.count_in_log("preloaded: reads its data"), 3U);
}

TEST_F(Preload, LeavesTheOldGenerationServingIfItFails) {
  const std::string before = answer();
  std::size_t abandoned = 0;
  for (const auto& [what, reason] : std::vector<std::pair<std::string, std::string>>{
           {"preload: fail", "gave up: the app's preload failed with -7"},
           {"preload: exit", "exited with code 9 while it loaded the app"},
           {"preload: crash", "was killed by SIGABRT"},
           {"preload: thread", "the app has started threads before the fork.*idle-pool"},
           {"preload: hang", "the app's preload is not ready after boot_timeout"},
           {"worker: fail", "the app's worker_init failed with -8"}}) {
    configure("app: {" + what + "}\n");
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("the reload is abandoned", ++abandoned)) << what;
    EXPECT_THAT(server.log(), ::testing::ContainsRegex(reason));
    EXPECT_EQ(answer(), before);
    EXPECT_TRUE(has_children(2));
  }
  configure("app: {megabytes: 2}\n");
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_EQ(answer(), read_by_zygote());
}

TEST_F(Preload, ReplacesAKilledZygoteWhenAWorkerIsNeeded) {
  const pid_t killed = zygote();
  ::kill(killed, SIGKILL);
  EXPECT_TRUE(server.logs("was killed by SIGKILL; its workers go on"));
  EXPECT_EQ(answer(), "read by " + std::to_string(killed) + "\n");
  EXPECT_TRUE(zygotes().empty());
  for (const pid_t worker : workers()) ::kill(worker, SIGKILL);
  EXPECT_TRUE(has_children(2));
  EXPECT_EQ(answer(), read_by_zygote());
}

TEST_F(Preload, ChangesTheNumberOfWorkers) {
  server.signal(SIGTTIN);
  EXPECT_TRUE(has_children(3));
  for (const std::size_t count : {2U, 1U}) {
    server.signal(SIGTTOU);
    EXPECT_TRUE(has_children(count));
  }
  EXPECT_EQ(server.count_in_log("preloaded: reads its data"), 1U);
  server.signal(SIGWINCH);
  EXPECT_TRUE(eventually([&] { return children_of(server.pid()).empty(); }));
  server.signal(SIGHUP);
  EXPECT_TRUE(has_children(1));
}

TEST_F(Preload, EndsWithItsMaster) {
  auto left = zygotes();
  for (const pid_t worker : workers()) left.push_back(worker);
  EXPECT_EQ(left.size(), 3U);
  server.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return std::none_of(left.begin(), left.end(), is_alive); },
                         milliseconds(1000)));
  EXPECT_EQ(server.count_in_log("the master is gone: leaving"), 2U);
}

TEST_F(Preload, SurvivesSignalsToTheWholeGroup) {
  const pid_t before = zygote();
  ::kill(-server.pid(), SIGTTIN);
  EXPECT_TRUE(has_children(3));
  EXPECT_EQ(zygote(), before);
  ::kill(-server.pid(), SIGTERM);
  EXPECT_EQ(server.wait_for_end().value_or(Ending{}).exit_code, 0);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST(PreloadStart, IsRefusedWithTheReason) {
  const auto expect_failure = [](const Arguments& arguments, int code, const std::string& reason) {
    Arguments all{"-b", "127.0.0.1:0", "-w", "3", "--preload"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const CommandResult result = run_server(all);
    EXPECT_EQ(result.ending.exit_code, code) << result.output;
    EXPECT_THAT(result.output, HasSubstr(reason));
  };
  const TemporaryFolder folder;
  const auto told = [&](const std::string& what) {
    const std::string file = folder / what + ".yaml";
    const char* const boot_timeout = what == "hang" ? "0.3" : "20";
    std::ofstream(file) << "boot_timeout: " << boot_timeout << "\napp: {preload: " << what << "}\n";
    return Arguments{"-c", file, test_app("preloaded")};
  };
  expect_failure({test_app("bad_preload")}, 4, "is not marked ALICORN_APP_PRELOAD_SAFE");
  expect_failure({"/nowhere/app.so"}, 4, "No such file");
  expect_failure({test_app("preloaded") + ":none"}, 4, "missing symbol none");
  expect_failure(told("fail"), 3, "the app's preload failed with -7");
  expect_failure(told("crash"), 3, "was killed by SIGABRT");
  expect_failure(told("thread"), 3, "idle-pool (tid ");
  expect_failure(told("hang"), 3, "not ready after boot_timeout");
  EXPECT_EQ(run_server({"--check-config", "--preload", test_app("bad_preload")}).ending.exit_code,
            4);
}

TEST(PreloadStart, IsInterruptedByAStopAndByTheMastersDeath) {
  const TemporaryFolder folder;
  std::ofstream(folder / "hang.yaml") << "app: {preload: hang}\n";
  for (const int number : {SIGTERM, SIGKILL}) {
    ChildProcess server({.arguments = {ALICORN_BINARY, "-b", "127.0.0.1:0", "--preload", "-c",
                                       folder / "hang.yaml", test_app("preloaded")},
                         .output_path = folder / "output"});
    const std::string line = "preloaded: reads its data";
    ASSERT_TRUE(
        eventually([&] { return read_file(folder / "output").find(line) != std::string::npos; }));
    std::filesystem::remove(folder / "output");
    server.signal(number);
    EXPECT_TRUE(server.group_ends(milliseconds(1000)));
    const Ending ending = server.wait().value_or(Ending{});
    EXPECT_EQ(number == SIGTERM ? ending.exit_code : ending.signal,
              number == SIGTERM ? 0 : SIGKILL);
  }
}

TEST(PreloadLogs, AreReopenedByTheZygoteToo) {
  const TemporaryFolder folder;
  const std::string log = folder / "log";
  ServerProcess server(example("hello_c"), {"--preload", "--error-logfile", log});
  std::filesystem::rename(log, log + ".1");
  server.signal(SIGUSR1);
  EXPECT_TRUE(
      eventually([&] { return read_file(log).find("logs reopened") != std::string::npos; }));
  server.signal(SIGTTIN);
  EXPECT_TRUE(eventually([&] { return children_of(server.pid()).size() == 3; }));
  EXPECT_TRUE(eventually([&] {
    const auto children = children_of(server.pid());
    return std::none_of(children.begin(), children.end(), [&](pid_t pid) {
      std::error_code error;
      std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd", error);
      return std::any_of(begin(open), end(open), [&](const auto& entry) {
        return std::filesystem::read_symlink(entry.path(), error) == log + ".1";
      });
    });
  }));
}

/// A worker that could write to another one's board could speak for it to the master.
TEST(PreloadBoards, AreInheritedByNoOtherProcess) {
  ServerProcess server(example("hello_c"), {"-w", "3", "--preload"});
  EXPECT_TRUE(eventually([&] { return children_of(server.pid()).size() == 4; }));
  EXPECT_TRUE(server.logs("workers in place"));
  const auto zygotes = children_titled(server.pid(), "alicorn: zygote");
  ASSERT_EQ(zygotes.size(), 1U);
  EXPECT_EQ(open_boards(zygotes.front()), 0U);
  for (const pid_t worker : children_titled(server.pid(), "alicorn: worker")) {
    EXPECT_LE(open_boards(worker), 1U) << "its own";
  }
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 2));
  EXPECT_TRUE(eventually([&] { return children_of(server.pid()).size() == 4; }));
  for (const pid_t child : children_of(server.pid())) EXPECT_LE(open_boards(child), 1U);
  for (const pid_t one : children_titled(server.pid(), "alicorn: zygote")) {
    EXPECT_EQ(open_boards(one), 0U);
  }
}

/// Kilobytes of these processes; a page shared by two counts half for each.
std::uint64_t proportional_set_size(const std::vector<pid_t>& pids) {
  std::uint64_t sum = 0;
  for (const pid_t pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::string key;
    for (std::uint64_t kilobytes = 0; file >> key;) {
      if (key == "Pss:" && file >> kilobytes) sum += kilobytes;
    }
  }
  return sum;
}

TEST(PreloadMemory, IsSharedByTheWorkers) {
  ServerProcess server(test_app("preloaded"), {"-w", "4", "--preload"},
                       {.configuration = "app: {megabytes: 64}\n"});
  for (int i = 0; i < 20; ++i) EXPECT_THAT(ask(server.address(), get("/")).body, HasSubstr("read"));
  const std::uint64_t one_copy = 64 << 10;
#ifdef __SANITIZE_ADDRESS__
  // Includes the sanitizer's own memory; without sharing there would be four copies.
  constexpr std::uint64_t kCopiesMax = 3;
#else
  constexpr std::uint64_t kCopiesMax = 2;
#endif
  EXPECT_LT(proportional_set_size(children_of(server.pid())), kCopiesMax * one_copy);
}

TEST(PreloadSignalUnderLoad, HupAndAKilledZygoteLoseNothing) {
  ServerProcess server(example("hello_c"), {"-w", "2", "--preload"});
  Load load(server.address(), {.keep_alive = false});
  for (std::size_t reload = 2; reload < 6; ++reload) {
    ASSERT_TRUE(load.goes_on());
    if (reload % 2 == 1) {
      for (const pid_t pid : children_titled(server.pid(), "alicorn: zygote")) ::kill(pid, SIGKILL);
    }
    server.signal(SIGHUP);
    EXPECT_TRUE(server.logs("workers in place", reload));
  }
  const LoadReport report = load.stop();
  EXPECT_EQ(report.lost, 0U) << PrintToString(report.problems);
}

}  // namespace
}  // namespace alicorn::test
