#include "server/arbiter/source_watch.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace alicorn {
namespace {

namespace fs = std::filesystem;
using test::write_file;

class SourceWatchOfAFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"site/views", ".git", "venv/lib", "site/__pycache__"}) {
      fs::create_directories(folder / name);
    }
    write_file(folder / "venv/pyvenv.cfg", "");
    write_file(folder / "app.so", "");
    const auto opened =
        watch.open({.folders = {folder.path()}, .ending = ".py", .file = folder / "app.so"});
    ASSERT_TRUE(opened) << opened.error().text();
  }
  /// What counts as changed when it has been quiet.
  std::string changed() {
    EXPECT_EQ(watch.due(clock), std::nullopt) << "not at once";
    clock += SourceWatch::kQuiet;
    return watch.due(clock).value_or("");
  }

  const test::TemporaryFolder folder;
  SourceWatch watch;
  MonotonicTime clock{};
};

TEST_F(SourceWatchOfAFolder, TellsTheFileThatHasChangedOnce) {
  EXPECT_EQ(watch.next_event(), std::nullopt);
  write_file(folder / "site/views/a.py", "1");
  EXPECT_EQ(changed(), folder / "site/views/a.py");
  EXPECT_EQ(changed(), "");
  fs::rename(folder / "site/views/a.py", folder / "site/b.py");
  EXPECT_EQ(changed(), folder / "site/b.py");
  fs::remove(folder / "site/b.py");
  EXPECT_EQ(changed(), folder / "site/b.py");
}

TEST_F(SourceWatchOfAFolder, WaitsUntilItIsQuiet) {
  write_file(folder / "site/a.py", "1");
  EXPECT_EQ(watch.due(clock), std::nullopt);
  EXPECT_EQ(watch.next_event(), clock + SourceWatch::kQuiet);
  clock += SourceWatch::kQuiet / 2;
  write_file(folder / "site/b.py", "1");
  EXPECT_EQ(watch.due(clock), std::nullopt);
  clock += SourceWatch::kQuiet / 2;
  EXPECT_EQ(watch.due(clock), std::nullopt) << "half of it since the second";
  clock += SourceWatch::kQuiet / 2;
  EXPECT_EQ(watch.due(clock), folder / "site/b.py");
}

TEST_F(SourceWatchOfAFolder, PassesOverWhatIsNotWrittenByHand) {
  for (const char* name :
       {"site/a.txt", ".git/x.py", "venv/lib/x.py", "site/__pycache__/x.py", "site/.#a.py"}) {
    write_file(folder / name, "1");
    EXPECT_EQ(changed(), "") << name;
  }
}

TEST_F(SourceWatchOfAFolder, FollowsNewFoldersAndOneMoreFile) {
  fs::create_directories(folder / "site/new/deep");
  EXPECT_EQ(changed(), "");
  write_file(folder / "site/new/deep/a.py", "1");
  EXPECT_EQ(changed(), folder / "site/new/deep/a.py");
  write_file(folder / "app.so", "1");
  EXPECT_EQ(changed(), folder / "app.so");
}

TEST(SourceWatch, SaysWhatItCannotFollow) {
  SourceWatch watch;
  const auto opened = watch.open({.folders = {"/nowhere/at/all"}, .ending = ".py", .file = {}});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("/nowhere/at/all"), std::string::npos);
}

}  // namespace
}  // namespace alicorn
