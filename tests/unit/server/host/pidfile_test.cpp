#include "server/host/pidfile.hpp"

#include "base/unique_fd.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::write_file;

std::string own_pid() {
  return std::to_string(::getpid()) + "\n";
}

/// One that no process has: the kernel's highest is 2^22.
constexpr const char* kNobodysPid = "2000000000\n";

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// As a server does.
UniqueFd hold(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  struct flock lock = whole_file(F_WRLCK);
  EXPECT_EQ(::fcntl(fd.get(), F_OFD_SETLK, &lock), 0);
  return fd;
}

/// A child of this process, until it is closed.
class Sleeper {
 public:
  /// `body` runs in the child first.
  explicit Sleeper(const std::function<void()>& body) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      body();
      ::close(ends[0]);
      ::close(ends[1]);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char none = 0;
    EXPECT_EQ(::read(ends[0], &none, 1), 0) << "until the body has run";
    ::close(ends[0]);
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST(Pidfile, HoldsThePidAndGoesWithIt) {
  const TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile) << pidfile.error().text();
  EXPECT_EQ(read_file(folder / "pid"), own_pid());
  pidfile->remove();
  EXPECT_FALSE(std::filesystem::exists(folder / "pid"));
}

TEST(Pidfile, ReplacesAStaleOneAndAnEmptyOne) {
  const TemporaryFolder folder;
  for (const char* stale : {kNobodysPid, ""}) {
    write_file(folder / "pid", stale);
    ASSERT_TRUE(Pidfile::create(folder / "pid"));
    EXPECT_EQ(read_file(folder / "pid"), own_pid());
  }
}

TEST(Pidfile, RefusesARunningServers) {
  const TemporaryFolder folder;
  const std::string parent = std::to_string(::getppid());
  write_file(folder / "pid", parent + "\n");
  const UniqueFd lock = hold(folder / "pid");
  const auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_FALSE(pidfile);
  EXPECT_EQ(pidfile.error().text(),
            "pidfile " + folder / "pid" + ": already running with pid " + parent);
  EXPECT_EQ(read_file(folder / "pid"), parent + "\n");
}

TEST(Pidfile, IsFreeWhereAnotherProcessHasTheNumberOfAKilledServer) {
  const TemporaryFolder folder;
  write_file(folder / "pid", std::to_string(::getppid()) + "\n");
  EXPECT_TRUE(Pidfile::create(folder / "pid"));
  EXPECT_EQ(read_file(folder / "pid"), own_pid());
}

/// Any user may open it for reading and lock what was opened.
TEST(Pidfile, IsFreeWhereSomebodyHoldsItWhoCanOnlyReadIt) {
  const TemporaryFolder folder;
  write_file(folder / "pid", std::to_string(::getppid()) + "\n");
  const UniqueFd reader(::open((folder / "pid").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(reader.get(), LOCK_EX), 0);
  struct flock lock = whole_file(F_RDLCK);
  ASSERT_EQ(::fcntl(reader.get(), F_OFD_SETLK, &lock), 0);
  EXPECT_TRUE(Pidfile::create(folder / "pid"));
  EXPECT_EQ(read_file(folder / "pid"), own_pid());
}

/// Also with the number of the server that was killed.
TEST(Pidfile, IsFreeWhereAnotherUsersProcessLocksIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs two users";
  const TemporaryFolder folder;
  write_file(folder / "pid", "");
  const UniqueFd reader(::open((folder / "pid").c_str(), O_RDONLY | O_CLOEXEC));
  const Sleeper stranger([&] {
    if (::setuid(65534) != 0 || ::flock(reader.get(), LOCK_EX) != 0) ::_exit(1);
  });
  write_file(folder / "pid", std::to_string(stranger.pid()) + "\n");
  EXPECT_TRUE(Pidfile::create(folder / "pid"));
}

/// It holds the file as servers did before, and goes on beside a new one's start.
TEST(Pidfile, RefusesAnOlderServersThatRuns) {
  const TemporaryFolder folder;
  write_file(folder / "pid", "");
  const Sleeper server([&] {
    const int fd = ::open((folder / "pid").c_str(), O_WRONLY | O_CLOEXEC);
    if (::flock(fd, LOCK_EX) != 0) ::_exit(1);
  });
  write_file(folder / "pid", std::to_string(server.pid()) + "\n");
  EXPECT_FALSE(Pidfile::create(folder / "pid"));
}

TEST(Pidfile, IsHeldOnlyWhileItsServerLives) {
  const TemporaryFolder folder;
  const auto is_locked = [&] {
    const UniqueFd fd(::open((folder / "pid").c_str(), O_RDONLY | O_CLOEXEC));
    struct flock lock = whole_file(F_RDLCK);
    EXPECT_EQ(::fcntl(fd.get(), F_OFD_GETLK, &lock), 0);
    const bool is_flocked = ::flock(fd.get(), LOCK_SH | LOCK_NB) < 0;
    EXPECT_EQ(is_flocked, lock.l_type == F_WRLCK) << "an older server looks for a flock";
    return is_flocked;
  };
  {
    auto pidfile = Pidfile::create(folder / "pid");
    ASSERT_TRUE(pidfile);
    EXPECT_TRUE(is_locked());
  }
  EXPECT_FALSE(is_locked());
}

TEST(Pidfile, DoesNotTouchAFileThatHoldsSomethingElse) {
  const TemporaryFolder folder;
  for (const char* foreign : {"my diary", "12 monkeys", "-3\n", "0\n"}) {
    write_file(folder / "pid", foreign);
    EXPECT_FALSE(Pidfile::create(folder / "pid")) << foreign;
    EXPECT_EQ(read_file(folder / "pid"), foreign);
  }
}

TEST(Pidfile, SaysWhatIsWrongWithThePath) {
  const TemporaryFolder folder;
  const auto pidfile = Pidfile::create(folder / "missing/pid");
  ASSERT_FALSE(pidfile);
  EXPECT_EQ(pidfile.error().text(),
            "pidfile " + folder / "missing/pid" + ": No such file or directory");
}

TEST(Pidfile, LeavesNoDraftBehind) {
  const TemporaryFolder folder;
  ASSERT_TRUE(Pidfile::create(folder / "pid"));
  EXPECT_FALSE(std::filesystem::exists(folder / ("pid." + std::to_string(::getpid()))));
}

TEST(Pidfile, RemovesOnlyItsOwn) {
  const TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile);
  write_file(folder / "pid", kNobodysPid);
  pidfile->remove();
  EXPECT_EQ(read_file(folder / "pid"), kNobodysPid);
}

TEST(Pidfile, MovesAsideAndBack) {
  const TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile);
  ASSERT_TRUE(pidfile->move_to(folder / "pid.oldbin"));
  EXPECT_EQ(read_file(folder / "pid.oldbin"), own_pid());
  EXPECT_FALSE(std::filesystem::exists(folder / "pid"));
  ASSERT_TRUE(pidfile->move_back_to(folder / "pid"));
  EXPECT_EQ(read_file(folder / "pid"), own_pid());
  EXPECT_FALSE(std::filesystem::exists(folder / "pid.oldbin"));
  pidfile->remove();
  EXPECT_FALSE(std::filesystem::exists(folder / "pid"));
}

TEST(Pidfile, ThatSomebodyRemovedIsInNobodysWayAndIsThereAgainAtItsReturn) {
  const TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile);
  std::filesystem::remove(folder / "pid");
  ASSERT_TRUE(pidfile->move_to(folder / "pid.oldbin"));
  EXPECT_EQ(pidfile->path(), folder / "pid.oldbin");
  ASSERT_TRUE(pidfile->move_back_to(folder / "pid"));
  EXPECT_EQ(read_file(folder / "pid"), own_pid());
  const UniqueFd other(::open((folder / "pid").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_LT(::flock(other.get(), LOCK_SH | LOCK_NB), 0) << "it is held again, too";
  pidfile->remove();
  EXPECT_FALSE(std::filesystem::exists(folder / "pid"));
}

TEST(Pidfile, GoesFromWhereverAChildHasLeftIt) {
  const TemporaryFolder folder;
  for (const bool has_moved : {false, true}) {
    auto pidfile = Pidfile::create(folder / "pid");
    ASSERT_TRUE(pidfile);
    if (has_moved) {
      ASSERT_TRUE(pidfile->make_room(folder / "pid.oldbin"));
    }
    EXPECT_EQ(pidfile->path(), folder / "pid") << "as far as the master knows";
    pidfile->remove({folder / "pid", folder / "pid.oldbin"});
    EXPECT_FALSE(std::filesystem::exists(folder / "pid")) << has_moved;
    EXPECT_FALSE(std::filesystem::exists(folder / "pid.oldbin")) << has_moved;
  }
}

TEST(Pidfile, SaysWhyItCannotMoveBack) {
  const TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile);
  ASSERT_TRUE(pidfile->move_to(folder / "pid.oldbin"));
  std::filesystem::create_directory(folder / "pid");
  const auto moved = pidfile->move_back_to(folder / "pid");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().text(), "pidfile " + (folder / "pid") + ": Is a directory");
}

TEST(Pidfile, TakesNoKilledServersForItsOwnThatLiesAside) {
  const TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile);
  std::filesystem::remove(folder / "pid");
  write_file(folder / "pid.oldbin", kNobodysPid);
  ASSERT_TRUE(pidfile->move_to(folder / "pid.oldbin"));
  EXPECT_FALSE(std::filesystem::exists(folder / "pid.oldbin"));
  write_file(folder / "pid.oldbin", kNobodysPid);
  ASSERT_TRUE(pidfile->move_back_to(folder / "pid"));
  EXPECT_EQ(read_file(folder / "pid"), own_pid());
}

TEST(Pidfile, DoesNotMoveBackOverARunningServers) {
  const TemporaryFolder folder;
  const std::string parent = std::to_string(::getppid()) + "\n";
  for (const bool lies_aside : {true, false}) {
    std::filesystem::remove(folder / "pid");
    auto pidfile = Pidfile::create(folder / "pid");
    ASSERT_TRUE(pidfile);
    ASSERT_TRUE(pidfile->move_to(folder / "pid.oldbin"));
    if (!lies_aside) std::filesystem::remove(folder / "pid.oldbin");
    write_file(folder / "pid", parent);
    const UniqueFd lock = hold(folder / "pid");
    EXPECT_FALSE(pidfile->move_back_to(folder / "pid")) << lies_aside;
    EXPECT_EQ(read_file(folder / "pid"), parent) << lies_aside;
  }
}

TEST(Pidfile, NoneIsNoError) {
  Pidfile none;
  EXPECT_TRUE(none.move_to("/nowhere/at/all"));
  EXPECT_TRUE(none.move_back_to("/nowhere/at/all"));
  none.remove();
}

}  // namespace
}  // namespace alicorn
