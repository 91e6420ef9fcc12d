#include "server/host/pidfile.hpp"

#include "tests/unit/server/host/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include <unistd.h>

namespace alicorn {
namespace {

std::string own_pid() {
  return std::to_string(::getpid()) + "\n";
}

/// One that no process has: the kernel's highest is 2^22.
constexpr const char* kNobodysPid = "2000000000\n";

TEST(Pidfile, HoldsThePidAndGoesWithIt) {
  const TemporaryDirectory directory;
  auto pidfile = Pidfile::create(directory.file("pid"));
  ASSERT_TRUE(pidfile) << pidfile.error().text();
  EXPECT_EQ(content_of(directory.file("pid")), own_pid());
  pidfile->remove();
  EXPECT_FALSE(std::filesystem::exists(directory.file("pid")));
}

TEST(Pidfile, ReplacesAStaleOneAndAnEmptyOne) {
  const TemporaryDirectory directory;
  for (const char* stale : {kNobodysPid, ""}) {
    write_file(directory.file("pid"), stale);
    ASSERT_TRUE(Pidfile::create(directory.file("pid")));
    EXPECT_EQ(content_of(directory.file("pid")), own_pid());
  }
}

TEST(Pidfile, RefusesARunningServers) {
  const TemporaryDirectory directory;
  const std::string parent = std::to_string(::getppid());
  write_file(directory.file("pid"), parent + "\n");
  const auto pidfile = Pidfile::create(directory.file("pid"));
  ASSERT_FALSE(pidfile);
  EXPECT_EQ(pidfile.error().text(),
            "pidfile " + directory.file("pid") + ": already running with pid " + parent);
  EXPECT_EQ(content_of(directory.file("pid")), parent + "\n");
}

TEST(Pidfile, DoesNotTouchAFileThatHoldsSomethingElse) {
  const TemporaryDirectory directory;
  for (const char* foreign : {"my diary", "12 monkeys", "-3\n", "0\n"}) {
    write_file(directory.file("pid"), foreign);
    EXPECT_FALSE(Pidfile::create(directory.file("pid"))) << foreign;
    EXPECT_EQ(content_of(directory.file("pid")), foreign);
  }
}

TEST(Pidfile, SaysWhatIsWrongWithThePath) {
  const TemporaryDirectory directory;
  const auto pidfile = Pidfile::create(directory.file("missing/pid"));
  ASSERT_FALSE(pidfile);
  EXPECT_EQ(pidfile.error().text(),
            "pidfile " + directory.file("missing/pid") + ": No such file or directory");
}

TEST(Pidfile, LeavesNoDraftBehind) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(Pidfile::create(directory.file("pid")));
  EXPECT_FALSE(std::filesystem::exists(directory.file("pid." + std::to_string(::getpid()))));
}

TEST(Pidfile, RemovesOnlyItsOwn) {
  const TemporaryDirectory directory;
  auto pidfile = Pidfile::create(directory.file("pid"));
  ASSERT_TRUE(pidfile);
  write_file(directory.file("pid"), kNobodysPid);
  pidfile->remove();
  EXPECT_EQ(content_of(directory.file("pid")), kNobodysPid);
}

TEST(Pidfile, MovesAsideAndBack) {
  const TemporaryDirectory directory;
  auto pidfile = Pidfile::create(directory.file("pid"));
  ASSERT_TRUE(pidfile);
  ASSERT_TRUE(pidfile->move_to(directory.file("pid.oldbin")));
  EXPECT_EQ(content_of(directory.file("pid.oldbin")), own_pid());
  EXPECT_FALSE(std::filesystem::exists(directory.file("pid")));
  ASSERT_TRUE(pidfile->move_to(directory.file("pid")));
  pidfile->remove();
  EXPECT_FALSE(std::filesystem::exists(directory.file("pid")));
}

TEST(Pidfile, NoneIsNoError) {
  Pidfile none;
  EXPECT_TRUE(none.move_to("/nowhere/at/all"));
  none.remove();
}

}  // namespace
}  // namespace alicorn
