// jwt_auth_admin started by root, while others own folders of the paths that it works on.
#include "admin/failure.hpp"
#include "admin/new_file.hpp"
#include "admin/place.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

namespace fs = std::filesystem;
using alicorn::test::CommandResult;
using alicorn::test::run_command;
using testing::HasSubstr;

class ToolTestOfRoot : public testing::Test {
 protected:
  void SetUp() override {
    const passwd* nobody = ::getpwnam("nobody");
    if (::geteuid() != 0 || nobody == nullptr) GTEST_SKIP() << "only root can";
    nobody_ = nobody->pw_uid;
    // The others must be able to reach what is theirs.
    fs::permissions(folder_ / "", fs::perms(0755));
    fs::create_directory(roots_ = folder_ / "roots");
    fs::permissions(roots_, fs::perms(0700));
    fs::create_directory(theirs_ = folder_ / "theirs");
    give_away(theirs_);
    database_ = theirs_ + "/db.sqlite3";
  }

  void give_away(const std::string& path) const {
    ASSERT_EQ(::lchown(path.c_str(), nobody_, static_cast<gid_t>(-1)), 0);
  }
  unsigned owner_of(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_uid;
  }
  CommandResult run(const std::string& words, const std::string& top,
                    const std::string& key = "0123456789abcdef0123456789abcdef") const {
    const std::string config = folder_ / "alicorn.yaml";
    std::ofstream(config) << "app:\n  signing_key: " << key
                          << "\n  password_iterations: 1000\n  database: {url: 'sqlite://"
                          << database_ << "'}\n"
                          << top;
    return run_command({"sh", "-c", std::string(JWT_AUTH_ADMIN) + " -c " + config + ' ' + words});
  }

  alicorn::test::TemporaryFolder folder_;
  unsigned nobody_ = 0;
  std::string roots_, theirs_, database_;
};

TEST_F(ToolTestOfRoot, MakesTheDatabaseAsTheWorkersUser) {
  EXPECT_EQ(run("migrate", "user: nobody\n").ending.exit_code, 0);
  EXPECT_EQ(owner_of(database_), nobody_);
  EXPECT_EQ(fs::status(database_).permissions(), fs::perms(0600));
  EXPECT_EQ(run("createuser bob --random-password", "user: nobody\n").ending.exit_code, 0);
  for (const auto& entry : fs::directory_iterator(theirs_)) {
    EXPECT_EQ(owner_of(entry.path()), nobody_) << entry.path();
  }
}

TEST_F(ToolTestOfRoot, MakesTheDatabaseAsWhoOwnsItsFolder) {
  EXPECT_EQ(run("migrate", "").ending.exit_code, 0);
  EXPECT_EQ(owner_of(database_), nobody_);
}

TEST_F(ToolTestOfRoot, MakesNoFileWhereALinkLeads) {
  fs::create_symlink(roots_ + "/ld.so.preload", database_);
  for (const char* user : {"user: nobody\n", ""}) {
    for (const char* command : {"migrate", "createuser bob --random-password", "showmigrations"}) {
      const CommandResult result = run(command, user);
      EXPECT_EQ(result.ending.exit_code, 1) << result.output;
      EXPECT_THAT(result.output, HasSubstr("as user nobody"));
    }
    EXPECT_TRUE(fs::is_empty(roots_));
  }
}

TEST_F(ToolTestOfRoot, OpensNoDatabaseOfRootsWhereALinkLeads) {
  database_ = roots_ + "/db.sqlite3";
  ASSERT_EQ(run("migrate", "").ending.exit_code, 0);
  const auto before = fs::file_size(database_);
  fs::create_symlink(database_, theirs_ + "/db.sqlite3");
  database_ = theirs_ + "/db.sqlite3";
  EXPECT_EQ(run("createuser bob --random-password", "user: nobody\n").ending.exit_code, 1);
  EXPECT_EQ(fs::file_size(roots_ + "/db.sqlite3"), before);
}

TEST_F(ToolTestOfRoot, AsksWhoTheWorkersAreWhereItCannotTell) {
  ASSERT_NE(::getpwnam("daemon"), nullptr);
  const std::string inner = theirs_ + "/inner";
  fs::create_directory(inner);
  ASSERT_EQ(::lchown(inner.c_str(), ::getpwnam("daemon")->pw_uid, static_cast<gid_t>(-1)), 0);
  database_ = inner + "/db.sqlite3";
  const CommandResult result = run("migrate", "");
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("has no \"user\""));
  EXPECT_FALSE(fs::exists(database_));
}

TEST_F(ToolTestOfRoot, ActsInASharedFolderAsWhoHasMadeWhatIsThere) {
  const std::string shared = folder_ / "shared";
  fs::create_directory(shared);
  fs::permissions(shared, fs::perms(01777));
  database_ = shared + "/db.sqlite3";
  EXPECT_EQ(run("migrate", "").ending.exit_code, 0);
  EXPECT_EQ(owner_of(database_), 0U);
  fs::remove(database_);
  fs::create_symlink(roots_ + "/ld.so.preload", database_);
  give_away(database_);
  EXPECT_EQ(run("migrate", "").ending.exit_code, 1);
  EXPECT_TRUE(fs::is_empty(roots_));
}

TEST_F(ToolTestOfRoot, GivesANewKeyToTheWorkersUserAndFollowsNoLinkToIt) {
  EXPECT_EQ(run("rotate-key --kid k1", "user: nobody\n").ending.exit_code, 0);
  EXPECT_EQ(owner_of(folder_ / "jwt-k1.jwk"), nobody_);
  fs::copy(folder_ / "jwt-k1.jwk", roots_ + "/key.jwk", fs::copy_options::overwrite_existing);
  fs::create_symlink(roots_, theirs_ + "/keys");
  give_away(theirs_ + "/keys");
  const CommandResult result =
      run("rotate-key --kid k2", "user: nobody\n", "{file: " + theirs_ + "/keys/key.jwk}");
  EXPECT_EQ(result.ending.exit_code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("keys in " + theirs_ + " is a link"));
  EXPECT_FALSE(fs::exists(roots_ + "/jwt-k2.jwk"));
}

TEST_F(ToolTestOfRoot, ReplacesTheFileThatItHasReadOrNone) {
  const std::string path = theirs_ + "/a.yaml";
  std::ofstream(path) << "one";
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  const FileId id{status.st_dev, status.st_ino};
  std::ofstream(roots_ + "/a.yaml") << "root's";
  fs::rename(path, path + ".kept");
  fs::create_symlink(roots_ + "/a.yaml", path);
  EXPECT_THROW(replace_file(path, "two", id), Failure);
  EXPECT_THROW(replace_file(path, "two"), Failure);
  fs::remove(path);
  std::ofstream(path) << "theirs";
  EXPECT_THROW(replace_file(path, "two", id), Failure);
  fs::rename(path + ".kept", path);
  replace_file(path, "two", id);
  EXPECT_EQ(alicorn::test::read_file(path), "two");
  EXPECT_EQ(alicorn::test::read_file(roots_ + "/a.yaml"), "root's");
}

TEST_F(ToolTestOfRoot, KnowsWhoMayChangeAPath) {
  const auto owners = [](const std::string& path) {
    return find_place(path, ForeignLinks::kFollow).owners;
  };
  EXPECT_TRUE(find_place(roots_ + "/x", ForeignLinks::kFollow).is_roots_alone());
  EXPECT_THAT(owners(database_), testing::ElementsAre(nobody_));
  fs::create_symlink(theirs_, roots_ + "/link");
  EXPECT_THAT(owners(roots_ + "/link/x"), testing::ElementsAre(nobody_));
  fs::create_symlink(roots_ + "/file", theirs_ + "/link");
  EXPECT_THAT(owners(theirs_ + "/link"), testing::ElementsAre(nobody_));
  fs::create_symlink("loop", roots_ + "/loop");
  EXPECT_THROW(owners(roots_ + "/loop"), Failure);
  EXPECT_THROW(owners(roots_ + "/nothing/x"), Failure);
}

}  // namespace
}  // namespace jwt_auth::admin
