// jwt_auth_admin run by root, with folders on its paths that belong to other users.
#include "admin/failure.hpp"
#include "admin/new_file.hpp"
#include "admin/place.hpp"
#include "tests/support/access_list.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tokens/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

namespace fs = std::filesystem;
using alicorn::test::CommandResult;
using alicorn::test::run_command;
using testing::HasSubstr;

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

class ToolTestOfRoot : public testing::Test {
 protected:
  void SetUp() override {
    const passwd* nobody = ::getpwnam("nobody");
    if (::geteuid() != 0 || nobody == nullptr) GTEST_SKIP() << "only root can";
    nobody_ = nobody->pw_uid;
    // The other users must be able to reach their own folders.
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
                    const std::string& key = kSecret) const {
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

TEST_F(ToolTestOfRoot, CreatesTheDatabaseAsTheWorkersUser) {
  EXPECT_EQ(run("migrate", "user: nobody\n").ending.exit_code, 0);
  EXPECT_EQ(owner_of(database_), nobody_);
  EXPECT_EQ(fs::status(database_).permissions(), fs::perms(0600));
  EXPECT_EQ(run("createuser bob --random-password", "user: nobody\n").ending.exit_code, 0);
  for (const auto& entry : fs::directory_iterator(theirs_)) {
    EXPECT_EQ(owner_of(entry.path()), nobody_) << entry.path();
  }
}

TEST_F(ToolTestOfRoot, CreatesTheDatabaseAsTheOwnerOfItsFolder) {
  EXPECT_EQ(run("migrate", "").ending.exit_code, 0);
  EXPECT_EQ(owner_of(database_), nobody_);
}

TEST_F(ToolTestOfRoot, CreatesNoFileThroughALink) {
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

TEST_F(ToolTestOfRoot, OpensNoDatabaseOfRootThroughALink) {
  database_ = roots_ + "/db.sqlite3";
  ASSERT_EQ(run("migrate", "").ending.exit_code, 0);
  const auto before = fs::file_size(database_);
  fs::create_symlink(database_, theirs_ + "/db.sqlite3");
  database_ = theirs_ + "/db.sqlite3";
  EXPECT_EQ(run("createuser bob --random-password", "user: nobody\n").ending.exit_code, 1);
  EXPECT_EQ(fs::file_size(roots_ + "/db.sqlite3"), before);
}

TEST_F(ToolTestOfRoot, AsksForTheWorkersUserIfItCannotTell) {
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

/// A user who may change the folder could put a link there between a check and the opening.
TEST_F(ToolTestOfRoot, ActsAsRootOnlyIfNobodyElseMayChangeTheFolder) {
  const std::string shared = folder_ / "shared";
  fs::create_directories(shared + "/inner");
  const auto expect_refused = [&](const std::string& user) {
    for (const char* command : {"migrate", "createuser bob --random-password"}) {
      const CommandResult result = run(command, user);
      EXPECT_EQ(result.ending.exit_code, 1) << result.output;
      EXPECT_THAT(result.output, HasSubstr("users other than root may change " + shared));
      EXPECT_THAT(result.output, HasSubstr(user.empty() ? "has no \"user\"" : "\"user\" is root"));
    }
  };
  for (const std::string name : {"/db.sqlite3", "/inner/db.sqlite3"}) {
    database_ = shared + name;
    for (const auto& [group, mode] : {std::pair{0U, 0777U}, {nobody_, 0775U}, {nobody_, 02770U}}) {
      ASSERT_EQ(::chown(shared.c_str(), 0, group), 0);
      ASSERT_EQ(::chmod(shared.c_str(), mode), 0);
      for (const char* user : {"", "user: root\n"}) expect_refused(user);
      EXPECT_FALSE(fs::exists(database_));
    }
  }
  const TokenService tokens(read_settings({{"signing_key", kSecret}}));
  const std::string token = tokens.encode(tokens.make(TokenType::kRefresh, Clock::now()));
  EXPECT_THAT(run("decode " + token, "").output, HasSubstr("not checked: users other than root"));
  database_ = shared + "/db.sqlite3";
  ASSERT_EQ(::chmod(shared.c_str(), 01777), 0);
  expect_refused("");
  EXPECT_FALSE(fs::exists(database_));
  std::ofstream(database_) << "";
  expect_refused("");
  EXPECT_EQ(fs::file_size(database_), 0U) << "others may lay a journal beside it";
}

TEST_F(ToolTestOfRoot, ActsAsRootBelowAStickyFolder) {
  const std::string sticky = folder_ / "sticky";
  fs::create_directories(sticky + "/roots");
  ASSERT_EQ(::chmod(sticky.c_str(), 01777), 0);
  database_ = sticky + "/roots/db.sqlite3";
  for (const char* user : {"", "user: root\n"}) {
    EXPECT_EQ(run("migrate", user).ending.exit_code, 0);
    EXPECT_EQ(owner_of(database_), 0U);
  }
}

TEST_F(ToolTestOfRoot, ActsInASharedFolderAsTheOwnerOfTheFile) {
  const std::string shared = folder_ / "shared";
  fs::create_directory(shared);
  ASSERT_EQ(::chown(shared.c_str(), 0, nobody_), 0);
  for (const mode_t mode : {0775U, 01777U}) {
    ASSERT_EQ(::chmod(shared.c_str(), mode), 0);
    database_ = shared + "/db.sqlite3";
    EXPECT_EQ(run("migrate", "user: nobody\n").ending.exit_code, 0);
    const CommandResult result = run("createuser bob --random-password", "");
    EXPECT_EQ(result.ending.exit_code, 0) << result.output;
    for (const auto& entry : fs::directory_iterator(shared)) {
      EXPECT_EQ(owner_of(entry.path()), nobody_) << entry.path();
    }
    fs::remove(database_);
    fs::create_symlink(roots_ + "/ld.so.preload", database_);
    give_away(database_);
    EXPECT_EQ(run("migrate", "").ending.exit_code, 1);
    EXPECT_TRUE(fs::is_empty(roots_));
    fs::remove(database_);
  }
}

/// Processes of others may be in root's group, as in a container for users with any id.
TEST_F(ToolTestOfRoot, TrustsNoGroup) {
  const std::string group = folder_ / "group";
  fs::create_directories(group);
  ASSERT_EQ(::chmod(group.c_str(), 0775), 0);
  database_ = group + "/db.sqlite3";
  EXPECT_EQ(run("migrate", "").ending.exit_code, 1);
  EXPECT_FALSE(fs::exists(database_));
}

TEST_F(ToolTestOfRoot, TrustsNoAccessList) {
  const std::string group = folder_ / "group";
  fs::create_directories(group + "/keys");
  database_ = group + "/db.sqlite3";
  EXPECT_EQ(run("migrate", "").ending.exit_code, 0);
  EXPECT_EQ(owner_of(database_), 0U);
  fs::remove(database_);
  fs::create_symlink(group + "/keys", group + "/link");
  EXPECT_NO_THROW(write_secret_file(group + "/link/one", "", {}));

  if (!alicorn::test::let_user_in(group, nobody_)) GTEST_SKIP() << "there are no access lists";
  EXPECT_FALSE(find_place(database_, ForeignLinks::kFollow).is_roots_alone());
  EXPECT_EQ(run("migrate", "").ending.exit_code, 1);
  EXPECT_FALSE(fs::exists(database_));
  EXPECT_THROW(write_secret_file(group + "/link/two", "", {}), Failure);
  EXPECT_FALSE(fs::exists(group + "/keys/two"));
}

/// Relative names start in the server's directory, which may be anywhere.
TEST_F(ToolTestOfRoot, FollowsNoLinkToTheServersDirectory) {
  fs::create_symlink(roots_, theirs_ + "/app");
  give_away(theirs_ + "/app");
  const std::string config = folder_ / "alicorn.yaml";
  std::ofstream(config) << "chdir: " << theirs_ << "/app\napp:\n  signing_key: " << kSecret
                        << "\n  database: {url: 'sqlite:db'}\n";
  const CommandResult result = run_command({JWT_AUTH_ADMIN, "-c", config, "migrate"});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("as user nobody"));
  const std::string key = roots_ + "/old.jwk";
  std::ofstream(key) << R"({"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})";
  std::ofstream(config) << "chdir: " << theirs_ << "/app\napp:\n  signing_key: {file: old.jwk}\n";
  EXPECT_THAT(run_command({JWT_AUTH_ADMIN, "-c", config, "rotate-key", "--kid", "k1"}).output,
              HasSubstr("app in " + theirs_ + " is a symbolic link"));
  EXPECT_EQ(std::distance(fs::directory_iterator(roots_), {}), 1);
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
  EXPECT_THAT(result.output, HasSubstr("keys in " + theirs_ + " is a symbolic link"));
  EXPECT_FALSE(fs::exists(roots_ + "/jwt-k2.jwk"));
}

TEST_F(ToolTestOfRoot, ReplacesOnlyTheFileThatItRead) {
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
