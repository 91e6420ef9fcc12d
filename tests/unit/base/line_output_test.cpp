#include "base/line_output.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <string>
#include <utility>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr milliseconds kPatience{20'000};
constexpr int kLines = 1'000;

/// A regular file in memory that can be made to accept no more.
class MemoryFile {
 public:
  /// A new descriptor that appends.
  AppendFile open() const {
    const std::string path = "/proc/self/fd/" + std::to_string(fd_.get());
    return AppendFile::own(LingeringFd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)));
  }
  void fill_up() const { ASSERT_EQ(::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_GROW), 0); }
  std::string text() const {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::pread(fd_.get(), bytes.data(), bytes.size(), 0);
    return {bytes.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
  }

 private:
  UniqueFd fd_{::memfd_create("log", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
};

TEST(LineOutput, WritesAtOnceUntilAThreadIsAskedFor) {
  const MemoryFile file;
  LineOutput output(file.open());
  EXPECT_TRUE(output.put("one\n"));
  EXPECT_EQ(file.text(), "one\n");
  ASSERT_TRUE(output.write_in_background());
  EXPECT_TRUE(output.put("two\n"));
  EXPECT_TRUE(output.flush(kPatience));
  EXPECT_EQ(file.text(), "one\ntwo\n");
}

TEST(LineOutput, WritesEachLineToTheFileInUseWhenItWasPut) {
  const MemoryFile first, second, third;
  LineOutput output(first.open());
  ASSERT_TRUE(output.write_in_background());
  EXPECT_TRUE(output.put("one\n"));
  EXPECT_TRUE(output.flush(kPatience));
  output.replace(second.open());
  EXPECT_TRUE(output.put("two\n"));
  EXPECT_TRUE(output.flush(kPatience));
  std::atomic<int> opened{-1};
  output.reopen([&]() -> Result<AppendFile> { return third.open(); },
                [&](const Result<int>& fd) { opened = *fd; });
  EXPECT_TRUE(output.put("three\n"));
  EXPECT_TRUE(output.flush(kPatience));
  EXPECT_EQ(opened, output.fd());
  EXPECT_EQ(first.text(), "one\n");
  EXPECT_EQ(second.text(), "two\n");
  EXPECT_EQ(third.text(), "three\n");
}

/// poll() reports room, and yet a write would wait.
TEST(LineOutput, NeverWaitsForATerminalThatNobodyReads) {
  int master = -1, terminal = -1;
  ASSERT_EQ(::openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
  const UniqueFd reader(master), writer(terminal);
  LineOutput output(AppendFile::borrow(terminal));
  ASSERT_TRUE(output.write_in_background());
  auto puts = std::async(std::launch::async, [&] {
    bool all = true;
    for (int i = 0; i < kLines; ++i) all = output.put(std::string(200, 'x') + "\n") && all;
    return all;
  });
  EXPECT_EQ(puts.wait_for(kPatience), std::future_status::ready);
  std::array<char, 4096> bytes{};
  for (std::size_t left = kLines * 202; left > 0;) {  // a terminal writes "\r\n"
    const ssize_t size = ::read(reader.get(), bytes.data(), bytes.size());
    ASSERT_GT(size, 0);
    left -= static_cast<std::size_t>(size);
  }
  EXPECT_TRUE(puts.get());
  EXPECT_TRUE(output.flush(kPatience));
}

/// A process without such a thread, like the master while it starts.
TEST(LineOutput, NeverWaitsForATerminalEvenWithoutAThread) {
  int master = -1, terminal = -1;
  ASSERT_EQ(::openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
  const UniqueFd reader(master), writer(terminal);
  LineOutput output(AppendFile::borrow(terminal));
  bool is_lost = false;
  for (int i = 0; i < kLines; ++i) is_lost = !output.put(std::string(200, 'x') + "\n") || is_lost;
  EXPECT_TRUE(is_lost);
}

TEST(LineOutput, KeepsItsFileIfAnotherCannotBeOpened) {
  const MemoryFile file;
  LineOutput output(file.open());
  ASSERT_TRUE(output.write_in_background());
  for (int i = 0; i < 2; ++i) {
    std::atomic<bool> failed{false};
    output.reopen([]() -> Result<AppendFile> { return fail("gone"); },
                  [&](const Result<int>& fd) { failed = !fd; });
    EXPECT_TRUE(output.put("line\n"));
    EXPECT_TRUE(output.flush(kPatience));
    EXPECT_TRUE(failed);
  }
  EXPECT_EQ(file.text(), "line\nline\n");
}

TEST(LineOutput, CountsLinesThatItsThreadLoses) {
  const MemoryFile file;
  LineOutput output(file.open());
  ASSERT_TRUE(output.write_in_background());
  file.fill_up();
  EXPECT_TRUE(output.put("one\n"));
  EXPECT_TRUE(output.put("two\n"));
  EXPECT_TRUE(output.flush(kPatience));
  LineOutput::Losses losses = output.take_losses();
  EXPECT_EQ(losses.lines, 2U);
  EXPECT_EQ(losses.untold, 0U);
  // The line that reports the two losses is lost as well: they are unreported again, and that line
  // itself is no loss.
  EXPECT_TRUE(output.put("two lines are lost\n", 2));
  EXPECT_TRUE(output.put("three\n"));
  EXPECT_TRUE(output.flush(kPatience));
  losses = output.take_losses();
  EXPECT_EQ(losses.lines, 1U);
  EXPECT_EQ(losses.untold, 2U);
}

TEST(LineOutput, RejectsALineThatDoesNotFitIntoItsQueue) {
  const MemoryFile file;
  LineOutput output(file.open());
  ASSERT_TRUE(output.write_in_background());
  EXPECT_FALSE(output.put(std::string(LineOutput::kQueueMax, 'x') + "\n"));
}

TEST(LineOutput, GivesItsFileToTheLogOfAChild) {
  const MemoryFile file;
  LineOutput output(file.open());
  ASSERT_TRUE(output.write_in_background());
  EXPECT_TRUE(output.flush(kPatience));
  LineOutput child(output.take_file());
  EXPECT_TRUE(child.put("of the child\n"));
  EXPECT_EQ(file.text(), "of the child\n");
}

TEST(LineOutput, TearsNoLineAtAFullPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ::fcntl(writer.get(), F_SETPIPE_SZ, 4096);
  const MemoryFile file;
  LineOutput output(file.open());
  ASSERT_TRUE(output.write_in_background());
  std::atomic<bool> may_open{false};
  output.reopen(
      [&]() -> Result<AppendFile> {
        may_open.wait(false);  // so that all lines are queued first
        return AppendFile::own(LingeringFd(writer.release()));
      },
      [](const Result<int>&) {});
  const std::string line = std::string(99, 'x') + '\n';
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(output.put(line));
  may_open = true;
  may_open.notify_one();
  EXPECT_TRUE(output.flush(kPatience));
  std::array<char, 8192> bytes{};
  const ssize_t size = ::read(reader.get(), bytes.data(), bytes.size());
  EXPECT_GT(size, 0);
  EXPECT_EQ(size % 100, 0) << "the last line is whole";
}

}  // namespace
}  // namespace alicorn
