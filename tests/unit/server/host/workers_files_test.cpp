#include "server/host/workers_files.hpp"

#include "server/host/crash_folder.hpp"
#include "tests/support/access_list.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::TemporaryFolder;
using test::write_file;
using ::testing::HasSubstr;

constexpr uid_t kUser = 54321;
constexpr gid_t kGroup = 12345;
constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC;

/// Two folders: root's, and the user's.
class WorkersFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::filesystem::permissions(folder / "", std::filesystem::perms(0755));
    for (const char* name : {"roots", "users"}) std::filesystem::create_directory(folder / name);
    give("users");
  }
  void give(const std::string& name) {
    EXPECT_EQ(::lchown((folder / name).c_str(), kUser, kGroup), 0);
  }
  Result<UniqueFd> open(const std::string& name) {
    return open_file_for(identity, folder / name, kFlags, 0640);
  }
  uid_t owner_of(const std::string& name) {
    struct stat status {};
    EXPECT_EQ(::lstat((folder / name).c_str(), &status), 0) << name;
    return status.st_uid;
  }
  void expect_refused(const std::string& name) {
    const auto opened = open(name);
    ASSERT_FALSE(opened) << name;
    EXPECT_THAT(opened.error().text(), HasSubstr("others may change a folder of the path"));
  }

  const Identity identity{kUser, kGroup, "", {kGroup}};
  TemporaryFolder folder;
};

TEST_F(WorkersFiles, AreMadeByTheUserWhereItMay) {
  EXPECT_TRUE(open("users/log"));
  EXPECT_EQ(owner_of("users/log"), kUser);
}

TEST_F(WorkersFiles, AreGivenToTheUserInAFolderOfRoots) {
  EXPECT_TRUE(open("roots/log"));
  EXPECT_EQ(owner_of("roots/log"), kUser);
  write_file(folder / "roots/other", "");
  EXPECT_TRUE(open("roots/other"));
  EXPECT_EQ(owner_of("roots/other"), kUser);
}

TEST_F(WorkersFiles, MayLieBehindLinksOfRoots) {
  std::filesystem::create_directory_symlink("../roots", folder / "roots/link");
  std::filesystem::create_symlink(folder / "roots/link/log", folder / "roots/to-log");
  EXPECT_TRUE(open("roots/to-log"));
  EXPECT_EQ(owner_of("roots/log"), kUser);
}

TEST_F(WorkersFiles, LeadRootNowhere) {
  write_file(folder / "roots/secret", "");
  std::filesystem::permissions(folder / "roots/secret", std::filesystem::perms(0600));
  std::filesystem::create_directory_symlink(folder / "roots", folder / "users/link");
  std::filesystem::create_symlink(folder / "roots/secret", folder / "users/secret");
  std::filesystem::create_symlink(folder / "roots/new", folder / "users/new");
  std::filesystem::create_hard_link(folder / "roots/secret", folder / "users/hard");
  for (const char* name :
       {"users/link/secret", "users/link/new", "users/secret", "users/new", "users/hard"}) {
    expect_refused(name);
  }
  EXPECT_EQ(owner_of("roots/secret"), 0U);
  EXPECT_FALSE(std::filesystem::exists(folder / "roots/new"));
}

TEST_F(WorkersFiles, AreNoneOfRootsInAFolderThatOthersMayChange) {
  ASSERT_EQ(::chmod((folder / "roots").c_str(), 0777), 0);
  write_file(folder / "roots/secret", "");
  std::filesystem::permissions(folder / "roots/secret", std::filesystem::perms(0600));
  expect_refused("roots/secret");
  // Of another group, as /var/log is in some distributions.
  ASSERT_EQ(::chown((folder / "roots").c_str(), 0, kGroup + 1), 0);
  ASSERT_EQ(::chmod((folder / "roots").c_str(), 0775), 0);
  EXPECT_TRUE(open("roots/secret"));
  ASSERT_EQ(::chown((folder / "roots").c_str(), 0, kGroup), 0);
  write_file(folder / "roots/second", "");
  std::filesystem::permissions(folder / "roots/second", std::filesystem::perms(0600));
  expect_refused("roots/second");
}

TEST_F(WorkersFiles, AreNoneOfRootsWhereAnAccessListLetsTheUserIn) {
  write_file(folder / "roots/secret", "");
  std::filesystem::permissions(folder / "roots/secret", std::filesystem::perms(0600));
  if (!test::let_user_in(folder / "roots", kUser)) GTEST_SKIP() << "there are no access lists";
  expect_refused("roots/secret");
  EXPECT_EQ(owner_of("roots/secret"), 0U);
}

TEST_F(WorkersFiles, ThatAreNoRegularOnesStayAsTheyAre) {
  ASSERT_EQ(::mkfifo((folder / "roots/fifo").c_str(), 0600), 0);
  const UniqueFd reader(::open((folder / "roots/fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_TRUE(open("roots/fifo"));
  EXPECT_EQ(owner_of("roots/fifo"), 0U);
  EXPECT_TRUE(open_file_for(identity, "/dev/null", kFlags, 0640));
}

TEST_F(WorkersFiles, MayBeAStandardStreamOfRoots) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const std::string path = "/proc/self/fd/" + std::to_string(writer.get());
  std::filesystem::create_symlink(path, folder / "roots/stream");
  const auto opened = open("roots/stream");
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(::write(opened->get(), "x", 1), 1);
}

TEST_F(WorkersFiles, LeaveTheMasterAsItWas) {
  ASSERT_EQ(::prctl(PR_SET_PDEATHSIG, SIGTERM), 0);
  const auto own_groups = [] {
    gid_t groups[64];
    const int count = ::getgroups(64, groups);
    return std::vector<gid_t>(groups, groups + count);
  };
  const std::vector<gid_t> groups = own_groups();
  EXPECT_TRUE(open("users/log"));
  write_file(folder / "roots/own", "");
  EXPECT_EQ(owner_of("roots/own"), 0U);
  EXPECT_EQ(own_groups(), groups);
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  int signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &signal);
  EXPECT_EQ(signal, SIGTERM);
  ::prctl(PR_SET_PDEATHSIG, 0);
}

TEST_F(WorkersFiles, OfCrashesHaveAFolderOfTheirs) {
  for (const char* name : {"roots/crashes", "users/crashes", "users/with-slash/"}) {
    const auto prepared = prepare_crash_folder(folder / name, identity);
    ASSERT_TRUE(prepared) << prepared.error().text();
    EXPECT_EQ(owner_of(name), kUser);
    EXPECT_TRUE(prepare_crash_folder(folder / name, identity)) << "it is there";
  }
}

TEST_F(WorkersFiles, OfCrashesTakeNoFolderOfRoots) {
  std::filesystem::create_directory_symlink(folder / "roots", folder / "users/crashes");
  EXPECT_FALSE(prepare_crash_folder(folder / "users/crashes", identity));
  std::filesystem::create_directory_symlink(folder / "roots/new", folder / "users/dangling");
  EXPECT_FALSE(prepare_crash_folder(folder / "users/dangling", identity));
  std::filesystem::create_directory_symlink(folder / "roots", folder / "users/on-the-way");
  EXPECT_FALSE(prepare_crash_folder(folder / "users/on-the-way/new", identity));
  EXPECT_EQ(owner_of("roots"), 0U);
  EXPECT_FALSE(std::filesystem::exists(folder / "roots/new"));
}

}  // namespace
}  // namespace alicorn
