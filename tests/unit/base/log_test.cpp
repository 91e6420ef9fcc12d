#include "base/log.hpp"

#include "tests/support/log_target.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <time.h>

namespace alicorn::log {
namespace {

using test::Fifo;
using test::read_file;
using test::TemporaryFolder;
using ::testing::MatchesRegex;

constexpr char kTimeAndPid[] =
    "[0-9]+-[0-9]+-[0-9]+ [0-9]+:[0-9]+:[0-9]+\\.[0-9]+ [+-][0-9]{4} \\[[0-9]+\\] ";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
  }
  ~LogTest() override {
    EXPECT_TRUE(log::open({}).has_value());
    reinitialise_in_child("master");
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  std::string open_file(Format format, Level level = Level::kInfo) {
    const std::string path = folder_ / "log";
    EXPECT_TRUE(log::open({.path = path, .level = level, .format = format}).has_value());
    return path;
  }
  TemporaryFolder folder_;
};

TEST_F(LogTest, WritesOneLinePerMessageAsText) {
  const std::string path = open_file(Format::kText);
  log::info("started\nand more", {{"port", "80"}});
  log::critical("out of slots");
  const std::vector<std::string> lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], MatchesRegex(std::string(kTimeAndPid) +
                                     "\\[info\\] master: started\\\\nand more port=80"));
  EXPECT_THAT(lines[1],
              MatchesRegex(std::string(kTimeAndPid) + "\\[critical\\] master: out of slots"));
  EXPECT_NE(lines[0].find("[" + std::to_string(::getpid()) + "]"), std::string::npos);
}

TEST_F(LogTest, WritesOneObjectPerMessageAsJson) {
  const std::string path = open_file(Format::kJson);
  log::warning("a \"b\"", {{"level", "x"}});
  EXPECT_THAT(read_file(path),
              MatchesRegex("\\{\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                           "\\.[0-9]{3}[+-][0-9]{2}:[0-9]{2}\",\"level\":\"warning\",\"pid\":" +
                           std::to_string(::getpid()) +
                           ",\"process\":\"master\",\"message\":\"a \\\\\"b\\\\\"\","
                           "\"field_level\":\"x\"\\}\n"));
}

TEST_F(LogTest, ShowsTheTimeZone) {
  const char* const zone_before = ::getenv("TZ");  // NOLINT(concurrency-mt-unsafe): one thread
  const std::string restored = zone_before == nullptr ? "" : zone_before;
  ::setenv("TZ", "XYZ+03:30", 1);
  ::tzset();
  const std::string path = open_file(Format::kText);
  log::info("x");
  if (zone_before == nullptr) {
    ::unsetenv("TZ");
  } else {
    ::setenv("TZ", restored.c_str(), 1);
  }
  ::tzset();
  EXPECT_NE(read_file(path).find(" -0330 ["), std::string::npos) << read_file(path);
}

TEST_F(LogTest, LeavesOutMessagesBelowTheLevel) {
  const std::string path = open_file(Format::kText, Level::kWarning);
  EXPECT_FALSE(enabled(Level::kInfo));
  EXPECT_TRUE(enabled(Level::kWarning));
  log::info("no");
  log::warning("yes");
  set_level(Level::kDebug);
  log::debug("now");
  const std::vector<std::string> lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].ends_with("yes"));
  EXPECT_TRUE(lines[1].ends_with("now"));
}

TEST_F(LogTest, KnowsItsLevelsByName) {
  for (const Level level :
       {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError, Level::kCritical}) {
    EXPECT_EQ(level_from_name(name_of(level)), level);
  }
  EXPECT_EQ(level_from_name("loud"), std::nullopt);
  EXPECT_EQ(level_from_name("Info"), std::nullopt);
}

TEST_F(LogTest, KeepsTheOldFileIfANewOneCannotBeOpened) {
  const std::string path = open_file(Format::kText);
  const Result<void> opened = log::open({.path = folder_ / "none/log"});
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().text().find("none/log: No such file"), std::string::npos);
  log::info("still here");
  EXPECT_NE(read_file(path).find("still here"), std::string::npos);
}

TEST_F(LogTest, ReopensAfterARotation) {
  const std::string path = open_file(Format::kText);
  log::info("first");
  std::filesystem::rename(path, path + ".1");
  log::info("second");
  EXPECT_TRUE(reopen().has_value());
  log::info("third");
  EXPECT_THAT(read_file(path + ".1"), MatchesRegex(".*first\n.*second\n"));
  EXPECT_THAT(read_file(path), MatchesRegex(".*third\n"));
}

TEST_F(LogTest, GivesAChildItsOwnNameAndTheSameTarget) {
  const std::string path = open_file(Format::kJson, Level::kDebug);
  reinitialise_in_child("worker 3");
  log::debug("x");
  EXPECT_NE(read_file(path).find("\"process\":\"worker 3\",\"message\":\"x\""), std::string::npos);
}

TEST_F(LogTest, ReopensInAChildThatHasClosedEverything) {
  const std::string path = open_file(Format::kText);
  struct stat wanted {};
  ASSERT_EQ(::stat(path.c_str(), &wanted), 0);
  for (int fd = 3; fd < 64; ++fd) {
    struct stat status {};
    const bool is_log = ::fstat(fd, &status) == 0 && status.st_dev == wanted.st_dev &&
                        status.st_ino == wanted.st_ino;
    if (is_log) ::close(fd);
  }
  reinitialise_in_child("worker 1");
  log::info("x");
  EXPECT_TRUE(read_file(path).ends_with("worker 1: x\n")) << read_file(path);
}

TEST_F(LogTest, CutsALongLine) {
  const std::string path = open_file(Format::kText);
  log::info(std::string(20'000, 'x'), {{"id", "7"}});
  const std::string line = read_file(path);
  EXPECT_LE(line.size(), 8192U);
  EXPECT_GT(line.size(), 7800U);
  EXPECT_TRUE(line.ends_with("x... id=7\n"));
}

TEST_F(LogTest, SurvivesAFullDevice) {
  EXPECT_TRUE(log::open({.path = "/dev/full"}).has_value());
  log::info("a");
  log::info("b");
  EXPECT_EQ(dropped_lines(), 2U);
}

TEST_F(LogTest, DropsLinesWhileTheReaderIsStuckAndThenReportsHowMany) {
  Fifo fifo(folder_ / "fifo");
  ASSERT_TRUE(log::open({.path = fifo.path()}).has_value());
  std::size_t sent = 0;
  while (dropped_lines() < 5) {
    log::info("line " + std::to_string(sent++) + std::string(500, ' '));
    ASSERT_LT(sent, 100'000U);
  }
  const std::vector<std::string> before = lines_of(fifo.read_available());
  EXPECT_EQ(before.size() + 5, sent);
  log::info("after");
  log::info("later");
  const std::vector<std::string> after = lines_of(fifo.read_available());
  ASSERT_EQ(after.size(), 3U);
  EXPECT_THAT(after[0],
              MatchesRegex(std::string(kTimeAndPid) +
                           "\\[warning\\] master: 5 log lines could not be written and are lost"));
  EXPECT_TRUE(after[1].ends_with("after"));
  EXPECT_TRUE(after[2].ends_with("later"));
  EXPECT_EQ(dropped_lines(), 5U);
}

TEST_F(LogTest, RemembersItsLossesWhenReopened) {
  ASSERT_TRUE(log::open({.path = "/dev/full"}).has_value());
  log::info("a");
  log::info("b");
  const std::string path = open_file(Format::kText);
  EXPECT_EQ(untold_losses().to_file, 2U);
  log::info("c");
  EXPECT_THAT(read_file(path), ::testing::HasSubstr("master: 2 log lines could not be written"));
  EXPECT_EQ(dropped_lines(), 2U);
  EXPECT_EQ(untold_losses().to_file, 0U);
}

TEST_F(LogTest, ReportsInheritedLosses) {
  const std::string path = open_file(Format::kText);
  inherit_losses({.to_file = 3});
  inherit_losses({.to_file = 4});
  log::info("x");
  EXPECT_THAT(read_file(path), ::testing::HasSubstr("master: 7 log lines could not be written"));
  EXPECT_EQ(dropped_lines(), 0U);
}

TEST_F(LogTest, WritesALineToAPipeInOnePiece) {
  Fifo fifo(folder_ / "fifo");
  ASSERT_TRUE(log::open({.path = fifo.path(), .format = Format::kJson}).has_value());
  log::info(std::string(20'000, 'x'));
  const std::string line = fifo.read_available();
  EXPECT_LE(line.size(), 4096U);
  EXPECT_TRUE(line.ends_with("...\"}\n")) << line;
}

TEST_F(LogTest, SurvivesTheLossOfItsReader) {
  Fifo fifo(folder_ / "fifo");
  ASSERT_TRUE(log::open({.path = fifo.path()}).has_value());
  fifo.close_reader();
  log::info("x");
  EXPECT_EQ(dropped_lines(), 1U);
}

TEST_F(LogTest, EndsALineThatTheDiskHasCut) {
  const std::string path = open_file(Format::kText);
  log::info("whole");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = read_file(path).size() + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  log::info("torn");
  log::info("lost");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  log::info("again");
  const std::vector<std::string> lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(lines[0].ends_with("whole"));
  EXPECT_EQ(lines[1].size(), 10U);
  EXPECT_TRUE(lines[2].ends_with("2 log lines could not be written and are lost"));
  EXPECT_TRUE(lines[3].ends_with("again"));
}

TEST_F(LogTest, KeepsLinesOfManyThreadsWhole) {
  const std::string path = open_file(Format::kText);
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 200;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      for (std::size_t line = 0; line < kLines; ++line) {
        log::info(std::string(100 + line, 'x'));
        if (line % 50 == 0) {
          EXPECT_TRUE(reopen().has_value());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> lines = lines_of(read_file(path));
  EXPECT_EQ(lines.size(), kThreads * kLines);
  for (const std::string& line : lines) {
    EXPECT_THAT(line, MatchesRegex(std::string(kTimeAndPid) + "\\[info\\] master: x+"));
  }
}

}  // namespace
}  // namespace alicorn::log
