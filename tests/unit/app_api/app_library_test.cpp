#include "app_api/app_library.hpp"

#include "app_api/elf_file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/app_api/built_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace alicorn {
namespace {

using test::example;
using test::test_app;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const alicorn_host& host() {
  static const alicorn_host table = [] {
    alicorn_host host{};
    host.struct_size = sizeof(host);
    host.abi_major = ALICORN_ABI_MAJOR;
    host.abi_minor = ALICORN_ABI_MINOR;
    host.server_version = {"test", 4};
    host.log = [](const alicorn_host*, alicorn_token, std::int32_t, alicorn_string,
                  const alicorn_field*, std::uint32_t) {};
    return host;
  }();
  return table;
}

std::string why_refused(const std::string& path, const std::string& symbol = kDefaultAppSymbol) {
  const auto library = AppLibrary::load(path, symbol, host());
  return library ? "" : library.error().text();
}

/// The loader has the first file under that name, whatever lies at the path by now: so it is for a
/// file that is replaced between the look at it and its load.
TEST(AppLibrary, RefusesWhatWasLoadedWhereItIsNotWhatWasChecked) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "app.so";
  std::filesystem::copy_file(test_app("lifecycle"), path);
  const auto first = AppLibrary::load(path, kDefaultAppSymbol, host());
  ASSERT_TRUE(first) << first.error().text();
  std::filesystem::copy_file(example("hello_c"), folder / "new.so");
  std::filesystem::rename(folder / "new.so", path);
  EXPECT_THAT(why_refused(path), HasSubstr("the file was replaced while it was being loaded"));
}

TEST(AppLibrary, TakesTheSameFileASecondTime) {
  EXPECT_EQ(why_refused(test_app("lifecycle")), "");
  EXPECT_EQ(why_refused(test_app("lifecycle")), "");
}

TEST(ElfFile, KnowsWhetherItStillLiesAtItsPath) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "app.so";
  std::filesystem::copy_file(test_app("lifecycle"), path);
  const auto file = ElfFile::open(path);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_TRUE(file->is_still_at(path));
  EXPECT_FALSE(file->is_still_at(folder / "nothing"));
  std::filesystem::copy_file(path, folder / "copy.so");
  EXPECT_FALSE(file->is_still_at(folder / "copy.so"));
  std::ofstream(path, std::ios::app) << "more";
  EXPECT_FALSE(file->is_still_at(path));
}

TEST(AppNote, IsReadWithoutLoading) {
  const auto note = read_app_note(test_app("lifecycle"));
  ASSERT_TRUE(note) << note.error().text();
  EXPECT_EQ(note->major, 1U);
  EXPECT_EQ(note->minimum_minor, 1U);
  EXPECT_EQ(note->flags, ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE);
}

TEST(AppNote, OfAnotherMajorIsReadAndThenRefused) {
  const auto note = read_app_note(test_app("wrong_major"));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->major, 9U);
  EXPECT_EQ(check_app_note(*note, "a.so").error().text(),
            "a.so is built for ABI 9.1, this server speaks ABI 1.x only: rebuild it");
}

TEST(AppNote, OfANewerMinorOrWithUnknownFlagsIsRefused) {
  EXPECT_EQ(check_app_note({1, 7, 0}, "a.so").error().text(),
            "a.so needs ABI 1.7 or later, this server speaks 1.1: upgrade the server");
  EXPECT_THAT(check_app_note({1, 0, 1U << 9}, "a.so").error().text(), HasSubstr("(bits 512)"));
  EXPECT_TRUE(check_app_note({1, 0, 7}, "a.so"));
}

TEST(AppNote, OfAnAppThatIsNotThreadSafeAllowsOneThread) {
  EXPECT_TRUE(check_threads(1, 0, "a.so"));
  EXPECT_TRUE(check_threads(4, ALICORN_APP_THREAD_SAFE, "a.so"));
  EXPECT_EQ(check_threads(4, ALICORN_APP_PRELOAD_SAFE, "a.so").error().text(),
            "threads: 4, but the app a.so is not marked ALICORN_APP_THREAD_SAFE: set threads to 1, "
            "or add workers");
}

TEST(AppLibrary, LoadsAnApp) {
  const auto library = AppLibrary::load(test_app("crash"), kDefaultAppSymbol, host());
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_NE(library->app().on_request, nullptr);
  EXPECT_EQ(library->app().worker_init, nullptr);
  EXPECT_STREQ(library->app().name.data, "crash");
  EXPECT_STREQ(library->app().version.data, "") << "never NULL";
}

TEST(AppLibrary, CallsTheEntryPointThatWasAskedFor) {
  EXPECT_EQ(why_refused(test_app("wrong_symbol"), "other_entry"), "");
  EXPECT_THAT(why_refused(test_app("wrong_symbol")),
              HasSubstr("wrong_symbol.so: missing symbol alicorn_app_entry, "));
  EXPECT_THAT(why_refused(test_app("crash"), "nope"),
              HasSubstr("crash.so: missing symbol nope, the requested entry point"));
}

// Each of these apps aborts in a constructor: to get an answer at all is to have run none of it.
TEST(AppLibrary, RunsNothingOfWhatItRefuses) {
  EXPECT_THAT(why_refused(test_app("wrong_major")), HasSubstr("is built for ABI 9.1"));
  EXPECT_THAT(why_refused(test_app("newer_minor")), HasSubstr("needs ABI 1.999 or later"));
  EXPECT_THAT(why_refused(test_app("unknown_flags")),
              HasSubstr("sets flags that this server does not know"));
  EXPECT_THAT(why_refused(test_app("no_note")), HasSubstr("no_note.so is not an Alicorn app: "));
}

TEST(AppLibrary, RefusesFilesThatAreNoApps) {
  EXPECT_EQ(why_refused("./nowhere.so"), "cannot open ./nowhere.so: No such file or directory");
  EXPECT_EQ(why_refused("nowhere.so"), "cannot open ./nowhere.so: No such file or directory");
  EXPECT_THAT(why_refused(ALICORN_SOURCE_DIR "/CMakeLists.txt"), HasSubstr("not an ELF file"));
  EXPECT_THAT(why_refused("/proc/self/exe"), HasSubstr("is not an Alicorn app"));
}

TEST(AppLibrary, TakesAPlainNameFromTheWorkingDirectory) {
  EXPECT_EQ(app_file_path("libc.so.6"), "./libc.so.6");
  EXPECT_EQ(app_file_path("a/libc.so.6"), "a/libc.so.6");
  EXPECT_EQ(app_file_path("/libc.so.6"), "/libc.so.6");
}

TEST(AppLibrary, RefusesAnAppThatRefuses) {
  EXPECT_THAT(why_refused(test_app("refuses")), HasSubstr("the app refuses to start"));
}

TEST(AppLibrary, RefusesATableThatContradictsTheNote) {
  EXPECT_THAT(why_refused(test_app("bad_table")), HasSubstr("are not those in its note"));
}

class AppTable : public ::testing::Test {
 protected:
  AppTable() {
    table_.struct_size = sizeof(table_);
    table_.abi_major = ALICORN_ABI_MAJOR;
    table_.on_request = [](alicorn_request*) -> std::int32_t { return ALICORN_OK; };
  }
  std::string why_refused() const {
    const auto app = check_app_table(&table_, {ALICORN_ABI_MAJOR, 0, 0}, "a.so");
    return app ? "" : app.error().text();
  }
  alicorn_app table_{};
};

TEST_F(AppTable, OfAnOlderAppIsShorterAndTheRestIsZero) {
  table_.struct_size = offsetof(alicorn_app, drain);
  table_.drain = [](void*) {};
  const auto app = check_app_table(&table_, {ALICORN_ABI_MAJOR, 0, 0}, "a.so");
  ASSERT_TRUE(app) << app.error().text();
  EXPECT_NE(app->on_request, nullptr);
  EXPECT_EQ(app->drain, nullptr) << "behind the end of its table";
}

TEST_F(AppTable, OfANewerAppMayBeLonger) {
  std::byte memory[sizeof(alicorn_app) + 64]{};
  table_.struct_size = sizeof(memory);
  std::memcpy(memory, &table_, sizeof(table_));
  const auto app = check_app_table(reinterpret_cast<const alicorn_app*>(memory), {1, 0, 0}, "a.so");
  EXPECT_TRUE(app) << app.error().text();
}

TEST_F(AppTable, MustMakeSense) {
  EXPECT_EQ(why_refused(), "");
  table_.struct_size = offsetof(alicorn_app, on_request);
  EXPECT_THAT(why_refused(), HasSubstr("impossible struct_size"));
  table_.struct_size = 5000;
  EXPECT_THAT(why_refused(), HasSubstr("impossible struct_size, 5000"));
  table_.struct_size = sizeof(table_);
  table_.run_model = 2;
  EXPECT_THAT(why_refused(), HasSubstr("run model"));
  table_.run_model = ALICORN_RUN_LOOP;
  table_.reserved = 1;
  EXPECT_THAT(why_refused(), HasSubstr("reserved"));
  table_.reserved = 0;
  table_.abi_minor = 1;
  EXPECT_THAT(why_refused(), HasSubstr("its note for 1.0"));
  table_.abi_minor = 0;
  table_.on_request = nullptr;
  EXPECT_THAT(why_refused(), HasSubstr("no on_request"));
  EXPECT_THAT(check_app_table(nullptr, {1, 0, 0}, "a.so").error().text(),
              StartsWith("a.so: the app refuses"));
}

}  // namespace
}  // namespace alicorn
