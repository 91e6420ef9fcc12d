#include "base/append_file.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/log_target.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <limits.h>
#include <sys/socket.h>

namespace alicorn {
namespace {

using test::Fifo;
using test::read_file;
using test::TemporaryFolder;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  UniqueFd read_end, write_end;
};

class AppendFileTest : public ::testing::Test {
 protected:
  AppendFileTest() { std::signal(SIGPIPE, SIG_IGN); }
  ~AppendFileTest() override { std::signal(SIGPIPE, SIG_DFL); }
  TemporaryFolder folder_;
};

TEST_F(AppendFileTest, AppendsToExistingContent) {
  const std::string path = folder_ / "log";
  std::ofstream(path) << "old\n";
  Result<AppendFile> file = AppendFile::open(path, 1);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->append("new\n").written, 4U);
  std::ofstream(path, std::ios::app) << "other\n";
  EXPECT_EQ(file->append("more\n").error, 0);
  EXPECT_EQ(read_file(path), "old\nnew\nother\nmore\n");
}

TEST_F(AppendFileTest, IsPrivateAndClosedOnExec) {
  const mode_t umask_before = ::umask(0);
  Result<AppendFile> file = AppendFile::open(folder_ / "log", 1);
  ::umask(umask_before);
  ASSERT_TRUE(file.has_value());
  struct stat status {};
  ASSERT_EQ(::fstat(file->fd(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  EXPECT_EQ(::fcntl(file->fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(AppendFileTest, SaysWhatCannotBeOpened) {
  const std::string path = folder_ / "none/log";
  const Result<AppendFile> file = AppendFile::open(path, 1);
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().text(), "open " + path + ": No such file or directory");
}

TEST_F(AppendFileTest, BorrowsTheStandardStreams) {
  EXPECT_EQ(AppendFile::open("-", 2)->fd(), 2);
  EXPECT_EQ(AppendFile::open("/dev/stdout", 2)->fd(), 1);
  EXPECT_EQ(AppendFile::open("/dev/stderr", 1)->fd(), 2);
  EXPECT_NE(::fcntl(2, F_GETFD), -1);
}

TEST_F(AppendFileTest, NeverBlocksOnAFullPipeThatOthersShare) {
  const Pipe pipe;
  const AppendFile file = AppendFile::borrow(pipe.write_end.get());
  const std::string line(1000, 'x');
  AppendFile::Outcome outcome;
  std::size_t written = 0;
  while (outcome.error == 0) {
    outcome = file.append(line);
    written += outcome.written;
  }
  EXPECT_EQ(outcome.error, EAGAIN);
  EXPECT_EQ(written % line.size(), 0U);
  // The pipe is still in blocking mode for the processes that share it.
  EXPECT_EQ(::fcntl(pipe.write_end.get(), F_GETFL) & O_NONBLOCK, 0);

  std::string rest(written, '\0');
  EXPECT_EQ(::read(pipe.read_end.get(), rest.data(), rest.size()),
            static_cast<ssize_t>(rest.size()));
  EXPECT_EQ(file.append(line).error, 0);
}

TEST_F(AppendFileTest, CutsALongPieceForAPipeAndStopsWhenItIsFull) {
  const Pipe pipe;
  const AppendFile file = AppendFile::borrow(pipe.write_end.get());
  EXPECT_EQ(file.atomic_size_max(), std::size_t{PIPE_BUF});
  const std::string endless(std::size_t{10} << 20, 'x');
  const AppendFile::Outcome outcome = file.append(endless);
  EXPECT_EQ(outcome.error, EAGAIN);
  EXPECT_GT(outcome.written, 0U);
  EXPECT_LT(outcome.written, endless.size());
}

TEST_F(AppendFileTest, NeverBlocksOnAFullSocket) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd mine(ends[0]);
  UniqueFd other(ends[1]);
  const AppendFile file = AppendFile::borrow(mine.get());
  AppendFile::Outcome outcome;
  while (outcome.error == 0) outcome = file.append("a line\n");
  EXPECT_EQ(outcome.error, EAGAIN);
  other.reset();
  EXPECT_EQ(file.append("a line\n").error, EPIPE);
}

TEST_F(AppendFileTest, ReportsThatTheReaderHasGone) {
  Fifo fifo(folder_ / "fifo");
  Result<AppendFile> file = AppendFile::open(fifo.path(), 1);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->append("line\n").error, 0);
  EXPECT_EQ(fifo.read_available(), "line\n");
  fifo.close_reader();
  EXPECT_EQ(file->append("line\n").error, EPIPE);
  EXPECT_FALSE(AppendFile::open(fifo.path(), 1).has_value());
}

TEST_F(AppendFileTest, ReportsThatTheDeviceIsFull) {
  Result<AppendFile> file = AppendFile::open("/dev/full", 1);
  ASSERT_TRUE(file.has_value());
  const AppendFile::Outcome outcome = file->append("line\n");
  EXPECT_EQ(outcome.error, ENOSPC);
  EXPECT_EQ(outcome.written, 0U);
}

TEST_F(AppendFileTest, ClosesNothingAfterForget) {
  Result<AppendFile> file = AppendFile::open(folder_ / "log", 1);
  ASSERT_TRUE(file.has_value());
  const UniqueFd taken_over(file->fd());
  file->forget();
  file = AppendFile::borrow(2);
  EXPECT_NE(::fcntl(taken_over.get(), F_GETFD), -1);
}

TEST_F(AppendFileTest, NeverBlocksInABlockingPipeThatOthersFill) {
  const Pipe pipe;
  ASSERT_GT(::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, PIPE_BUF), 0);
  const std::string line(PIPE_BUF, 'x');
  constexpr int kWriters = 2, kRounds = 2'000, kSpinsMax = 10'000;
  std::atomic<int> started{0}, appended{0}, over{0};
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      const AppendFile file = AppendFile::borrow(pipe.write_end.get());
      std::string taken(PIPE_BUF, '\0');
      for (int round = 1; round <= kRounds; ++round) {
        // All threads write at once to a pipe with room for one line, and that line leaves when
        // nobody writes any more.
        ++started;
        // Yielding at once would pull the threads apart. Never yielding would waste the time that
        // the others need.
        for (int spin = 0; started < round * kWriters; ++spin) {
          if (spin > kSpinsMax) std::this_thread::yield();
        }
        const bool is_mine = file.append(line).error == 0;
        ++appended;
        while (appended < round * kWriters) std::this_thread::yield();
        if (is_mine) {
          EXPECT_EQ(::read(pipe.read_end.get(), taken.data(), taken.size()), PIPE_BUF);
        }
      }
      ++over;
    });
  }
  const bool all_over = test::eventually([&] { return over == kWriters; });
  EXPECT_TRUE(all_over) << "a write blocks in round " << appended / kWriters + 1;
  if (!all_over) ::_exit(1);  // threads that hang cannot be joined
}

}  // namespace
}  // namespace alicorn
