#include "app_api/elf_file.hpp"

#include "tests/unit/app_api/built_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include <elf.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::example;
using test::test_app;
using ::testing::Contains;
using ::testing::HasSubstr;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string why_refused(std::string_view bytes) {
  const auto file = ElfFile::from_bytes(bytes, "x.so");
  return file ? "" : file.error().text();
}

/// Everything that can be asked of a file. The answers do not matter here, only that there are
/// some.
void ask_everything(std::string_view bytes) {
  const auto file = ElfFile::from_bytes(bytes, "x.so");
  if (!file) return;
  static_cast<void>(file->notes("Alicorn"));
  static_cast<void>(file->dependencies());
  static_cast<void>(file->defines_symbol("alicorn_app_entry"));
}

TEST(ElfFile, FindsTheNoteOfItsOwnerAlone) {
  const auto file = ElfFile::open(example("hello_c"));
  ASSERT_TRUE(file) << file.error().text();
  const auto notes = file->notes("Alicorn");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].type, 1U);
  EXPECT_EQ(notes[0].description.size(), 12U);
  EXPECT_TRUE(file->notes("Alicor").empty());
  EXPECT_TRUE(file->notes("").empty());
}

TEST(ElfFile, KnowsWhatIsDefinedAndWhatIsOnlyUsed) {
  const auto file = ElfFile::open(example("hello_c"));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->defines_symbol("alicorn_app_entry"), true);
  EXPECT_EQ(file->defines_symbol("alicorn_app_entr"), false);
  EXPECT_EQ(file->defines_symbol("hello"), false) << "static: not in the dynamic symbol table";
  EXPECT_EQ(file->defines_symbol("strlen"), false) << "undefined here";
}

TEST(ElfFile, ListsTheLibrariesThatItNeeds) {
  const auto file = ElfFile::open(example("hello_cpp"));
  ASSERT_TRUE(file);
  const auto dependencies = file->dependencies();
  ASSERT_TRUE(dependencies);
  EXPECT_THAT(dependencies->needed, Contains("libc.so.6"));
}

TEST(ElfFile, SaysTheSameOfBytesInMemory) {
  const std::string bytes = bytes_of(example("hello_c"));
  const auto file = ElfFile::from_bytes(bytes, "hello_c.so");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->notes("Alicorn").size(), 1U);
  EXPECT_EQ(file->defines_symbol("alicorn_app_entry"), true);
}

TEST(ElfFile, RefusesWhatIsNoSharedObject) {
  EXPECT_THAT(why_refused(""), HasSubstr("x.so is not a shared object: not an ELF file"));
  EXPECT_THAT(why_refused("#!/bin/sh\nexit 0\n............"), HasSubstr("not an ELF file"));
  std::string bytes = bytes_of(example("hello_c"));
  EXPECT_THAT(why_refused(std::string_view(bytes).substr(0, 40)), HasSubstr("cut short"));
  EXPECT_THAT(why_refused(std::string_view(bytes).substr(0, 70)), HasSubstr("program headers"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  EXPECT_THAT(why_refused(bytes), HasSubstr("an object file that was not linked"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  EXPECT_THAT(why_refused(bytes), HasSubstr("an executable"));
}

/// As a copy that is still under way. Loaded, it would be a SIGBUS.
TEST(ElfFile, RefusesAFileThatEndsBeforeItsContent) {
  const std::string path = ::testing::TempDir() + "cut_" + std::to_string(::getpid()) + ".so";
  std::ofstream(path, std::ios::binary) << bytes_of(example("hello_c")).substr(0, 1024);
  const auto file = ElfFile::open(path);
  ::unlink(path.c_str());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().text(), path +
                                     " is not a complete shared object: the file is cut short at "
                                     "1024 bytes (copy it beside the old one, then rename it)");
}

TEST(ElfFile, RefusesAnotherArchitecture) {
  const std::string good = bytes_of(example("hello_c"));
  std::string bytes = good;
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(why_refused(bytes), HasSubstr("another architecture"));
  bytes = good;
  bytes[offsetof(Elf64_Ehdr, e_machine)] = EM_SPARC;
  EXPECT_THAT(why_refused(bytes), HasSubstr("another architecture"));
  bytes = good;
  bytes[EI_DATA] = bytes[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
  EXPECT_THAT(why_refused(bytes), HasSubstr("another architecture"));
}

TEST(ElfFile, RefusesAFolderAndAMissingFile) {
  EXPECT_THAT(ElfFile::open("/tmp").error().text(), HasSubstr("/tmp is not a regular file"));
  EXPECT_EQ(ElfFile::open("/nowhere/x.so").error().text(),
            "cannot open /nowhere/x.so: No such file or directory");
}

// Read with the sanitizers: whatever the bytes say, nothing outside them is touched, and it ends.
TEST(ElfFile, SurvivesEveryTruncation) {
  const std::string bytes = bytes_of(test_app("bad_init"));
  ASSERT_GT(bytes.size(), 4096U);
  for (std::size_t size = 0; size < bytes.size(); size += size < 1200 ? 1 : 97) {
    const std::string cut = bytes.substr(0, size);  // of its own: a sanitizer sees its end
    ask_everything(cut);
  }
}

TEST(ElfFile, SurvivesForgedBytes) {
  const std::string good = bytes_of(test_app("bad_init"));
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same bytes each time
  // The headers and the dynamic section's neighbourhood are where a byte can do harm.
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 3; ++change) {
      const std::size_t limit = round % 2 == 0 ? 1024 : bytes.size();
      bytes[random() % limit] = static_cast<char>(random());
    }
    ask_everything(bytes);
  }
}

}  // namespace
}  // namespace alicorn
