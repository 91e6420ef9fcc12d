#include "workers/log/log_writer.hpp"

#include "base/log.hpp"
#include "tests/support/datagram_receiver.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/log_target.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace alicorn {
namespace {

using test::eventually;
using test::Fifo;
using test::read_file;
using test::TemporaryFolder;
using ::testing::HasSubstr;

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_TRUE(log::open({.path = error_log_}).has_value());
  }
  ~LogWriterTest() override {
    EXPECT_TRUE(log::open({}).has_value());
    std::signal(SIGPIPE, SIG_DFL);
  }
  static std::unique_ptr<LogWriter> open(const std::string& path) {
    auto file = FileTarget::open(path);
    EXPECT_TRUE(file.has_value()) << file.error().text();
    Result<std::unique_ptr<LogWriter>> writer = LogWriter::start(std::move(*file), "access log");
    EXPECT_TRUE(writer.has_value()) << writer.error().text();
    return std::move(*writer);
  }
  static std::size_t count_lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  /// The number of lost lines according to the error log.
  std::size_t reported_lost() const {
    std::size_t sum = 0;
    std::string text = read_file(error_log_);
    constexpr std::string_view kKey = "lines=";
    for (std::size_t at = 0; (at = text.find(kKey, at)) != std::string::npos;) {
      at += kKey.size();
      sum += std::stoul(text.substr(at));
    }
    return sum;
  }

  /// True if the error log reports this before the writer can write again, and before it ends.
  bool reports_at_once(const std::string& text) const {
    return eventually([&] { return read_file(error_log_).find(text) != std::string::npos; });
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "access";
  std::string error_log_ = folder_ / "error";
};

TEST_F(LogWriterTest, WritesWithoutAFlush) {
  const auto writer = open(path_);
  writer->append("one\n");
  EXPECT_TRUE(eventually([&] { return read_file(path_) == "one\n"; }));
  writer->append("two\n");
  writer->append("three\n");
  EXPECT_TRUE(eventually([&] { return read_file(path_) == "one\ntwo\nthree\n"; }));
}

TEST_F(LogWriterTest, WritesPendingLinesWhenItEnds) {
  std::string expected;
  {
    const auto writer = open(path_);
    for (int i = 0; i < 1000; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      writer->append(line);
      expected += line;
    }
  }
  EXPECT_EQ(read_file(path_), expected);
  EXPECT_EQ(read_file(error_log_), "");
}

TEST_F(LogWriterTest, EndsWithNothingToWrite) {
  open(path_);
  EXPECT_EQ(read_file(path_), "");
}

TEST_F(LogWriterTest, LosesNoLineWhenItReopens) {
  std::string expected;
  constexpr int kRotations = 5;
  {
    const auto writer = open(path_);
    for (int rotation = 0; rotation < kRotations; ++rotation) {
      for (int i = 0; i < 100; ++i) {
        const std::string line = std::to_string(rotation) + "." + std::to_string(i) + "\n";
        writer->append(line);
        expected += line;
        if (i == 50) {
          std::filesystem::rename(path_, path_ + "." + std::to_string(rotation));
          writer->reopen();
        }
      }
      ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path_); }));
    }
  }
  std::string all;
  for (int rotation = 0; rotation < kRotations; ++rotation) {
    all += read_file(path_ + "." + std::to_string(rotation));
  }
  all += read_file(path_);
  EXPECT_EQ(all, expected);
}

TEST_F(LogWriterTest, KeepsTheOldFileIfItCannotReopen) {
  std::filesystem::create_directory(folder_ / "logs");
  const std::string path = folder_ / "logs/access";
  const std::string moved = folder_ / "moved";
  const auto writer = open(path);
  std::filesystem::rename(folder_ / "logs", moved);
  writer->reopen();
  EXPECT_TRUE(eventually([&] { return !read_file(error_log_).empty(); }));
  EXPECT_THAT(read_file(error_log_), HasSubstr("access log: cannot be reopened"));
  writer->append("still\n");
  EXPECT_TRUE(eventually([&] { return read_file(moved + "/access") == "still\n"; }));
}

TEST_F(LogWriterTest, CountsLinesWithoutADaemon) {
  const SyslogSettings syslog{.enabled = true, .address = *Address::parse("unix:" + path_)};
  {
    const auto writer =
        LogWriter::start(std::make_unique<SyslogTarget>(syslog, "access"), "syslog");
    ASSERT_TRUE(writer.has_value());
    for (int i = 0; i < 7; ++i) (*writer)->append("line\n");
  }
  EXPECT_EQ(reported_lost(), 7U);
}

TEST_F(LogWriterTest, GivesADaemonEachLineOnce) {
  test::DatagramReceiver daemon("unix:" + path_);
  const SyslogSettings syslog{.enabled = true, .address = daemon.address()};
  constexpr int kLines = 2'000;  // more than the daemon's queue holds
  auto writer = LogWriter::start(std::make_unique<SyslogTarget>(syslog, "access"), "syslog");
  ASSERT_TRUE(writer.has_value());
  for (int i = 0; i < kLines; ++i) (*writer)->append("line " + std::to_string(i) + "\n");
  for (int i = 0; i < kLines; ++i) {
    ASSERT_THAT(daemon.receive(), ::testing::EndsWith(": line " + std::to_string(i)));
  }
}

TEST_F(LogWriterTest, CountsLinesLostOnAFullDevice) {
  {
    const auto writer = open("/dev/full");
    for (int i = 0; i < 7; ++i) writer->append("line\n");
  }
  EXPECT_EQ(reported_lost(), 7U);
  EXPECT_THAT(read_file(error_log_), HasSubstr("No space left on device"));
}

TEST_F(LogWriterTest, ReportsItsTotalLossesToItsOwner) {
  std::atomic<std::uint64_t> lost{0};
  auto target = FileTarget::open("/dev/full");
  ASSERT_TRUE(target.has_value());
  {
    const auto writer = LogWriter::start(std::move(*target), "access log", &lost);
    ASSERT_TRUE(writer.has_value());
    for (int i = 0; i < 7; ++i) (*writer)->append("line\n");
  }
  EXPECT_EQ(lost, 7U);
}

TEST_F(LogWriterTest, CountsLinesLostWithItsReader) {
  Fifo fifo(folder_ / "fifo");
  {
    const auto writer = open(fifo.path());
    fifo.close_reader();
    for (int i = 0; i < 7; ++i) writer->append("line\n");
  }
  EXPECT_EQ(reported_lost(), 7U);
}

TEST_F(LogWriterTest, ReportsItsFirstLossAtOnceAndTheTotalLater) {
  Fifo fifo(folder_ / "fifo");
  {
    const auto writer = open(fifo.path());
    fifo.close_reader();
    writer->append("line\n");
    EXPECT_TRUE(reports_at_once("lines are being lost so_far=1 reason=\"Broken pipe\""));
  }
  EXPECT_EQ(reported_lost(), 1U);
}

TEST_F(LogWriterTest, ReportsAtOnceThatNoDaemonListens) {
  const Address nowhere = test::DatagramReceiver("127.0.0.1:0").address();
  const SyslogSettings syslog{.enabled = true, .address = nowhere};
  const auto writer = LogWriter::start(std::make_unique<SyslogTarget>(syslog, "access"), "syslog");
  ASSERT_TRUE(writer.has_value());
  EXPECT_TRUE(eventually([&] {
    (*writer)->append("line\n");
    return read_file(error_log_).find("lines are being lost so_far=") != std::string::npos;
  }));
}

TEST_F(LogWriterTest, ReportsAtOnceThatItsReaderIsStuck) {
  Fifo fifo(folder_ / "fifo");
  const auto writer = open(fifo.path());
  const std::string line = std::string(999, 'x') + "\n";
  for (std::size_t i = 0; i < 5'000; ++i) writer->append(line);
  EXPECT_TRUE(reports_at_once("lines are being lost so_far="));
}

TEST_F(LogWriterTest, DropsOnlyLinesBeyondItsBufferWhileTheReaderIsStuck) {
  Fifo fifo(folder_ / "fifo");
  const std::string line = std::string(999, 'x') + "\n";
  constexpr std::size_t kLines = 5000;
  std::string received;
  auto writer = open(fifo.path());
  // The caller is never held up, although nobody reads.
  for (std::size_t i = 0; i < kLines; ++i) writer->append(line);
  std::thread closer([&writer] { writer.reset(); });
  for (std::string piece; !(piece = fifo.read_some()).empty();) received += piece;
  closer.join();
  EXPECT_GE(received.size(), LogWriter::kBufferMax - line.size());
  EXPECT_LT(count_lines(received), kLines);
  EXPECT_EQ(count_lines(received) + reported_lost(), kLines);
  EXPECT_EQ(received.size(), count_lines(received) * line.size());
}

TEST_F(LogWriterTest, EndsAlthoughTheReaderIsStuck) {
  Fifo fifo(folder_ / "fifo");
  const std::string line = std::string(999, 'x') + "\n";
  {
    const auto writer = open(fifo.path());
    for (int i = 0; i < 500; ++i) writer->append(line);
  }
  EXPECT_EQ(count_lines(fifo.read_available()) + reported_lost(), 500U);
}

TEST_F(LogWriterTest, AbandonsAStuckReaderWhenItReopens) {
  Fifo fifo(path_);
  const std::string line = std::string(999, 'x') + "\n";
  {
    const auto writer = open(path_);
    for (int i = 0; i < 500; ++i) writer->append(line);
    std::filesystem::rename(path_, path_ + ".fifo");
    writer->reopen();
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(path_); }));
  }
  EXPECT_EQ(count_lines(fifo.read_available()) + count_lines(read_file(path_)) + reported_lost(),
            500U);
  EXPECT_EQ(reported_lost(), 0U);
}

TEST_F(LogWriterTest, KeepsLinesWholeInAPipe) {
  Fifo fifo(folder_ / "fifo");
  auto first = open(fifo.path());
  auto second = open(fifo.path());
  for (int i = 0; i < 1000; ++i) {
    first->append(std::string(150, 'a') + "\n");
    second->append(std::string(170, 'b') + "\n");
  }
  std::thread closer([&] {
    first.reset();
    second.reset();
  });
  std::string received;
  for (std::string piece; !(piece = fifo.read_some()).empty();) received += piece;
  closer.join();
  EXPECT_EQ(count_lines(received), 2000U);
  std::size_t start = 0;
  for (std::size_t end = 0; (end = received.find('\n', start)) != std::string::npos;
       start = end + 1) {
    const std::string line = received.substr(start, end - start);
    ASSERT_TRUE(line == std::string(150, 'a') || line == std::string(170, 'b')) << line;
  }
}

TEST_F(LogWriterTest, TakesLinesFromManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kLines = 500;
  {
    const auto writer = open(path_);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&writer] {
        for (std::size_t line = 0; line < kLines; ++line) {
          writer->append("a line\n");
          if (line % 100 == 0) writer->reopen();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(count_lines(read_file(path_)), kThreads * kLines);
}

TEST_F(LogWriterTest, BlocksSignalsInItsThread) {
  sigset_t before;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &before), 0);
  const auto writer = open(path_);
  sigset_t after;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &after), 0);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    EXPECT_EQ(::sigismember(&after, signal), ::sigismember(&before, signal));
  }
  // While a thread starts or ends, libc blocks its signals, so the thread must have begun its work.
  writer->append("line\n");
  ASSERT_TRUE(eventually([&] { return read_file(path_) == "line\n"; }));
  std::size_t threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (read_file(task.path().string() + "/comm") != "log writer\n") continue;
    ++threads;
    constexpr std::string_view kKey = "SigBlk:\t";
    const std::string status = read_file(task.path().string() + "/status");
    const std::uint64_t blocked =
        std::stoull(status.substr(status.find(kKey) + kKey.size(), 16), nullptr, 16);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
      EXPECT_NE(blocked & std::uint64_t{1} << (signal - 1), 0U) << signal;
    }
  }
  EXPECT_EQ(threads, 1U);
}

}  // namespace
}  // namespace alicorn
