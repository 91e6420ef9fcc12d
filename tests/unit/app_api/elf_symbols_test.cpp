#include "app_api/elf_symbols.hpp"

#include "app_api/loaded_object.hpp"
#include "base/unique_fd.hpp"
#include "tests/unit/app_api/built_files.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace alicorn {

// clang mangles even what is `extern "C"` if it is static.
static int function_that_only_this_file_knows(int value) __asm__(
    "function_that_only_this_file_knows");
__attribute__((noinline)) static int function_that_only_this_file_knows(int value) {
  __asm__ volatile("" : "+r"(value));  // else nothing is left of it
  return value + 1;
}

namespace {

UniqueFd open_file(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

UniqueFd file_of(std::string_view bytes) {
  UniqueFd fd(::memfd_create("elf", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string name_of(int fd, const FunctionQuery& query) {
  char name[128] = "";
  if (query.name_offset != 0) read_text(fd, query.name_offset, name, sizeof name);
  return name;
}

/// Everything that can be asked of a file. The answers do not matter here, only that there are
/// some.
void ask_everything(std::string_view bytes) {
  const UniqueFd fd = file_of(bytes);
  static_cast<void>(build_id_of_file(fd.get()));
  FunctionQuery queries[3];
  queries[0].address = 0x1000;
  queries[1].address = 0x1234;
  queries[2].address = ~std::uint64_t{0};
  find_functions(fd.get(), queries);
  for (const FunctionQuery& query : queries) name_of(fd.get(), query);
}

TEST(FindFunctions, KnowsStaticOnesByAnyAddressInThem) {
  EXPECT_EQ(function_that_only_this_file_knows(1), 2);
  const auto address = reinterpret_cast<std::uintptr_t>(&function_that_only_this_file_knows);
  const auto object = loaded_object_at(address);
  ASSERT_TRUE(object);
  const UniqueFd fd = open_file("/proc/self/exe");
  FunctionQuery queries[2];
  queries[0].address = address - object->bias;
  queries[1].address = queries[0].address + 3;
  find_functions(fd.get(), queries);
  for (const FunctionQuery& query : queries) {
    EXPECT_EQ(name_of(fd.get(), query), "function_that_only_this_file_knows");
    EXPECT_EQ(query.begin, queries[0].address);
  }
}

TEST(FindFunctions, FindsNoneWhereThereIsNone) {
  const UniqueFd fd = open_file(test::example("hello_c"));
  FunctionQuery queries[2];
  queries[0].address = 1;
  queries[1].address = std::uint64_t{1} << 40;
  find_functions(fd.get(), queries);
  EXPECT_EQ(queries[0].name_offset, 0U);
  EXPECT_EQ(queries[1].name_offset, 0U);
}

TEST(FindFunctions, OutlivesAnyFile) {
  const std::string good = bytes_of(test::example("hello_c"));
  for (std::size_t size = 0; size < good.size(); size += 97) {
    ask_everything(std::string_view(good).substr(0, size));
  }
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (int i = 0; i < 4; ++i) bad[random() % sizeof(Elf64_Ehdr)] = static_cast<char>(random());
    for (int i = 0; i < 40; ++i) bad[random() % bad.size()] = static_cast<char>(random());
    ask_everything(bad);
  }
}

TEST(FindFunctions, BelievesNoSizeOfASection) {
  std::string bytes = bytes_of(test::example("hello_c"));
  Elf64_Ehdr header;
  bytes.copy(reinterpret_cast<char*>(&header), sizeof header);
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    char* const at = bytes.data() + header.e_shoff + i * sizeof section;
    std::memcpy(&section, at, sizeof section);
    section.sh_size = ~std::uint64_t{0} - 7;
    std::memcpy(at, &section, sizeof section);
  }
  ask_everything(bytes);
}

TEST(BuildId, IsTheSameInFileAndImage) {
  const auto object = loaded_object_at(reinterpret_cast<std::uintptr_t>(&file_of));
  ASSERT_TRUE(object);
  const BuildId loaded = build_id_of_image(object->begin, object->end, object->bias);
  const UniqueFd fd = open_file("/proc/self/exe");
  EXPECT_EQ(loaded, build_id_of_file(fd.get()));
  if (loaded.size != 0) {
    EXPECT_FALSE(loaded == build_id_of_file(open_file(test::example("hello_c")).get()));
  }
}

TEST(BuildId, IsNotLookedForOutsideTheImage) {
  const std::string page(4096, '\xff');
  const auto begin = reinterpret_cast<std::uintptr_t>(page.data());
  EXPECT_EQ(build_id_of_image(begin, begin + page.size(), begin).size, 0);
  EXPECT_EQ(build_id_of_image(begin, begin, begin).size, 0);
  std::string cut = bytes_of(test::example("hello_c")).substr(0, 512);  // headers, and no notes
  const auto at = reinterpret_cast<std::uintptr_t>(cut.data());
  EXPECT_EQ(build_id_of_image(at, at + cut.size(), at).size, 0);
}

}  // namespace
}  // namespace alicorn
