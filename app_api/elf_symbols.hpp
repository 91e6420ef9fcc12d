// Finds the functions of an ELF64 file that contain given addresses. Allocates nothing, takes no
// lock and trusts no byte of the file, so that a signal handler may use it. Worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace alicorn {

/// The linker's unique id of a file. Size 0: the file has none.
struct BuildId {
  static constexpr std::size_t kSizeMax = 32;
  std::uint8_t size = 0;
  std::uint8_t bytes[kSizeMax] = {};

  bool operator==(const BuildId& other) const;
};

BuildId build_id_of_file(int fd) noexcept;
/// The build id of the object loaded at [begin, end). `bias` is added to the addresses in its file.
BuildId build_id_of_image(std::uintptr_t begin, std::uintptr_t end, std::uintptr_t bias) noexcept;

struct FunctionQuery {
  std::uint64_t address = 0;      ///< as in the file: without the load address
  std::uint64_t begin = 0;        ///< start of the function
  std::uint64_t size = 0;         ///< 0: up to the next function
  std::uint64_t name_offset = 0;  ///< file offset of its name; 0: no function found
};
inline constexpr std::size_t kFunctionQueriesMax = 64;

/// Finds static functions, too, unless the file was stripped. Skips queries that have an answer.
void find_functions(int fd, std::span<FunctionQuery> queries) noexcept;
/// Reads the NUL-terminated text at that file offset, cut to `size` - 1 bytes. Returns its length.
std::size_t read_text(int fd, std::uint64_t offset, char* text, std::size_t size) noexcept;

}  // namespace alicorn
