#include "app_api/app_report.hpp"

#include "app_api/app_library.hpp"
#include "app_api/library_search.hpp"
#include "app_api/static_tls.hpp"
#include "tests/unit/app_api/built_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace alicorn {
namespace {

using test::example;
using test::test_app;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result<LoaderAnswer> says_nothing(const std::string& /*path*/) {
  return LoaderAnswer{};
}

TEST(AppReport, TellsWhatAnAppIs) {
  const AppReport report = describe_app(example("echo"), kDefaultAppSymbol, says_nothing);
  EXPECT_EQ(report.exit_code, 0) << report.text;
  EXPECT_THAT(report.text, HasSubstr("echo.so: an Alicorn app\n"));
  EXPECT_THAT(report.text, HasSubstr("1, minor 1 or later (this server: 1.1)"));
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
  const AppReport report = describe_app(test_app("wrong_major"), kDefaultAppSymbol, says_nothing);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.text, HasSubstr("ABI:       9, minor 1 or later"));
  EXPECT_THAT(report.text, HasSubstr("error: "));
  EXPECT_THAT(report.text, Not(HasSubstr("can load it")));
}

TEST(AppReport, MissesTheEntryPoint) {
  const AppReport report = describe_app(test_app("wrong_symbol"), kDefaultAppSymbol, says_nothing);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.text, HasSubstr("missing symbol alicorn_app_entry"));
  EXPECT_EQ(describe_app(test_app("wrong_symbol"), "other_entry", says_nothing).exit_code, 0);
}

TEST(AppReport, RefusesWhatIsNoApp) {
  const AppReport report = describe_app(test_app("no_note"), kDefaultAppSymbol, says_nothing);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.text, HasSubstr("no_note.so is not an Alicorn app"));
  EXPECT_EQ(describe_app("./nowhere.so", kDefaultAppSymbol, says_nothing).text,
            "error: cannot open ./nowhere.so: No such file or directory\n");
}

TEST(AppReport, NamesAMissingLibrary) {
  const AppReport report =
      describe_app(test_app("missing_library"), kDefaultAppSymbol, says_nothing);
  EXPECT_EQ(report.exit_code, 4) << report.text;
  EXPECT_THAT(report.text,
              HasSubstr("error: missing library libnowhere_to_be_found.so, needed by "));
}

TEST(AppReport, TellsWhatTheLoaderFindsMissing) {
  const auto complains = [](const std::string& path) -> Result<LoaderAnswer> {
    return LoaderAnswer{.text = "undefined symbol: nowhere\t(" + path + ")\n"};
  };
  const AppReport report = describe_app(example("echo"), kDefaultAppSymbol, complains);
  EXPECT_EQ(report.exit_code, 4);
  EXPECT_THAT(report.problems, ElementsAre("undefined symbol: nowhere (" + example("echo") + ")"));
  EXPECT_THAT(report.text, HasSubstr("error: undefined symbol: nowhere"));
  EXPECT_THAT(report.text, Not(HasSubstr("can load it")));
}

TEST(AppReport, SaysWhatItHasNotLookedAt) {
  const auto cannot = [](const std::string&) -> Result<LoaderAnswer> { return fail("no loader"); };
  const AppReport report = describe_app(example("echo"), kDefaultAppSymbol, cannot);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_THAT(report.text, HasSubstr("symbols:   not checked: no loader\n"));
  EXPECT_THAT(report.text, HasSubstr("can load it, as far as could be checked\n"));
}

TEST(AppReport, TellsOfThreadLocalMemoryThatDoesNotFit) {
  const AppReport report = describe_app(test_app("static_tls"), kDefaultAppSymbol, says_nothing);
  EXPECT_EQ(report.exit_code, 4) << report.text;
  EXPECT_THAT(report.text, HasSubstr("wants 65536 bytes in each thread's first block"));
}

TEST(StaticTls, IsFoundInTheFile) {
  const auto file = ElfFile::open(test_app("static_tls"));
  ASSERT_TRUE(file);
  const auto wanted = file->static_tls();
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->size, 65536U);
  for (const char* name : {"echo", "hello_c"}) {
    EXPECT_FALSE(ElfFile::open(example(name))->static_tls()) << name;
  }
}

/// The loader keeps some hundred bytes for libraries that come later.
TEST(StaticTls, IsWhatTheLoaderHasLeft) {
  EXPECT_EQ(has_room_for_static_tls({}), true);
  EXPECT_EQ(has_room_for_static_tls({{.size = 8, .alignment = 8}}), true);
  EXPECT_EQ(has_room_for_static_tls({{.size = 1 << 20, .alignment = 8}}), false);
  const std::vector<ElfFile::StaticTls> many(1000, {.size = 64, .alignment = 64});
  EXPECT_EQ(has_room_for_static_tls(many), false) << "together they are too large";
  EXPECT_EQ(has_room_for_static_tls({{.size = 8, .alignment = 8}}), true)
      << "what was asked for is given back";
}

TEST(LoaderAnswer, TellsRefusalsFromWarnings) {
  const LoaderAnswer answer{
      .text =
          "undefined symbol: a\t(./app.so)\n"
          "./app.so: /lib/libx.so: no version information available (required by ./app.so)\n"
          "./app.so: /lib/libx.so: version `X_2' not found (required by ./app.so)\n"
          "symbol b, version X_2 not defined in file libx.so with link time reference"
          "\t(./app.so)\n"};
  EXPECT_THAT(refusals_in(answer),
              ElementsAre("undefined symbol: a (./app.so)",
                          "./app.so: /lib/libx.so: version `X_2' not found (required by ./app.so)",
                          "symbol b, version X_2 not defined in file libx.so with link time "
                          "reference (./app.so)"));
  EXPECT_THAT(refusals_in({.is_refusal = true, .text = "./app.so: cannot open\n"}),
              ElementsAre("./app.so: cannot open"));
  EXPECT_THAT(refusals_in({.is_refusal = true, .text = ""}), ElementsAre("the loader refuses it"));
  EXPECT_THAT(refusals_in({}), ElementsAre());
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
