#include "server/control/control_listener.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

std::string refusal(const std::string& path, pid_t predecessor = 0) {
  const auto listener = ControlListener::open(path, predecessor);
  return listener ? "opened" : listener.error().text();
}

class Listening : public testing::Test {
 protected:
  TemporaryFolder folder;
  const std::string path = folder / "ctl";
};

TEST_F(Listening, IsOnlyForTheOwner) {
  ControlListener listener = ControlListener::open(path).value();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_TRUE(listener.is_in_place());
  listener.close();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(listener.is_in_place());
}

TEST_F(Listening, ReplacesTheFileOfADeadServer) {
  { const ControlListener gone = ControlListener::open(path).value(); }
  EXPECT_TRUE(std::filesystem::exists(path)) << "as after a kill -9";
  EXPECT_EQ(refusal(path), "opened");
}

TEST_F(Listening, RefusesThePathOfAnotherServer) {
  ControlListener first = ControlListener::open(path).value();
  EXPECT_THAT(refusal(path), HasSubstr("another server answers there"));
  EXPECT_THAT(refusal(path, ::getpid() + 1), HasSubstr("another server answers there"))
      << "which is not the predecessor";
  EXPECT_TRUE(first.is_in_place());
  test::write_file(folder / "file", "");
  EXPECT_THAT(refusal(folder / "file"), HasSubstr("no socket"));
  EXPECT_THAT(refusal(folder / "nowhere/ctl"), HasSubstr("No such file"));
}

TEST_F(Listening, TakesThePathOverFromThePredecessor) {
  ControlListener old_one = ControlListener::open(path).value();
  ControlListener new_one = ControlListener::open(path, ::getpid()).value();
  EXPECT_TRUE(new_one.is_in_place());
  EXPECT_FALSE(old_one.is_in_place());
  old_one.close();
  EXPECT_TRUE(new_one.is_in_place()) << "it removes only what is its own";
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  new_one.close();
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path).parent_path()));
}

}  // namespace
}  // namespace alicorn
