#include "app_api/app_report.hpp"

#include "app_api/app_library.hpp"
#include "app_api/library_search.hpp"
#include "tests/unit/app_api/built_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace alicorn {
namespace {

using test::example;
using test::test_app;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(AppReport, TellsWhatAnAppIs) {
  const AppReport report = describe_app(example("echo"), kDefaultAppSymbol);
  EXPECT_EQ(report.exit_code, 0) << report.text;
  EXPECT_THAT(report.text, HasSubstr("echo.so: an Alicorn app\n"));
  EXPECT_THAT(report.text, HasSubstr("1, minor 0 or later (this server: 1.0)"));
  EXPECT_THAT(
      report.text,
      HasSubstr("thread-safe (callbacks may run at once), preload-safe (may be loaded before "
                "fork), request bodies streamed\n"));
  EXPECT_THAT(report.text, HasSubstr("entry:     alicorn_app_entry\n"));
  EXPECT_THAT(report.text, HasSubstr("libc.so.6 => /"));
  EXPECT_THAT(report.text, HasSubstr("this server can load it\n"));
}

// The app would abort in its constructor.
TEST(AppReport, TellsOfAnAppOfAnotherMajorWithoutRunningIt) {
  const AppReport report = describe_app(test_app("wrong_major"), kDefaultAppSymbol);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.text, HasSubstr("ABI:       9, minor 0 or later"));
  EXPECT_THAT(report.text, HasSubstr("error: "));
  EXPECT_THAT(report.text, Not(HasSubstr("can load it")));
}

TEST(AppReport, MissesTheEntryPoint) {
  const AppReport report = describe_app(test_app("wrong_symbol"), kDefaultAppSymbol);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.text, HasSubstr("missing symbol alicorn_app_entry"));
  EXPECT_EQ(describe_app(test_app("wrong_symbol"), "other_entry").exit_code, 0);
}

TEST(AppReport, RefusesWhatIsNoApp) {
  const AppReport report = describe_app(test_app("no_note"), kDefaultAppSymbol);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.text, HasSubstr("no_note.so is no Alicorn app"));
  EXPECT_EQ(describe_app("./nowhere.so", kDefaultAppSymbol).text,
            "error: cannot open ./nowhere.so: No such file or directory\n");
}

TEST(AppReport, NamesAMissingLibrary) {
  const AppReport report = describe_app(test_app("missing_library"), kDefaultAppSymbol);
  EXPECT_EQ(report.exit_code, 4) << report.text;
  EXPECT_THAT(report.text,
              HasSubstr("error: missing library libnowhere_to_be_found.so, needed by "));
}

TEST(LibrarySearch, FindsTheSystemsLibraries) {
  const LibrarySearch search("/", {});
  EXPECT_TRUE(search.find("libc.so.6"));
  EXPECT_FALSE(search.find("libnowhere_to_be_found.so"));
  EXPECT_FALSE(search.find("/nowhere/libc.so.6")) << "a path is taken as it is";
}

TEST(LibrarySearch, LooksBesideTheObject) {
  ElfFile::Dependencies object;
  object.runpath = "/nowhere:${ORIGIN}/crash:$ORIGIN";
  const LibrarySearch search(ALICORN_BINARY_DIR "/tests/apps", object);
  EXPECT_EQ(search.find("crash.so"), test_app("crash"));
}

TEST(LinkerCache, SurvivesForgedBytes) {
  EXPECT_TRUE(parse_linker_cache("").empty());
  EXPECT_TRUE(parse_linker_cache("glibc-ld.so.cache1.1").empty());
  std::string bytes = "glibc-ld.so.cache1.1" + std::string(28 + 24, '\xff');
  const auto libraries = parse_linker_cache(bytes);
  ASSERT_EQ(libraries.size(), 1U) << "the second of 2^32 is not there";
  EXPECT_EQ(libraries[0].first, "") << "its name lies outside";
}

TEST(LinkerCache, IsRead) {
  std::string bytes = "glibc-ld.so.cache1.1" + std::string(28 + 24, '\0') + "libx.so";
  const std::uint32_t count = 1, name = 72, path = 75;
  std::memcpy(bytes.data() + 20, &count, 4);
  std::memcpy(bytes.data() + 52, &name, 4);
  std::memcpy(bytes.data() + 56, &path, 4);
  bytes += '\0';
  const auto libraries = parse_linker_cache(bytes);
  ASSERT_EQ(libraries.size(), 1U);
  EXPECT_EQ(libraries[0].first, "libx.so");
  EXPECT_EQ(libraries[0].second, "x.so");
}

}  // namespace
}  // namespace alicorn
