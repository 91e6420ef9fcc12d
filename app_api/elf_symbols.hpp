// Names the functions of an ELF64 file that hold given addresses. Allocates nothing, takes no lock
// and trusts no byte of the file, so that a signal handler may ask. Worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace alicorn {

/// What the linker wrote into a file to tell it from every other; size 0: nothing.
struct BuildId {
  static constexpr std::size_t kSizeMax = 32;
  std::uint8_t size = 0;
  std::uint8_t bytes[kSizeMax] = {};

  bool operator==(const BuildId& other) const;
};

BuildId build_id_of_file(int fd) noexcept;
/// Of the object that is loaded at [begin, end), moved by `bias` from the addresses in its file.
BuildId build_id_of_image(std::uintptr_t begin, std::uintptr_t end, std::uintptr_t bias) noexcept;

struct FunctionQuery {
  std::uint64_t address = 0;      ///< as the file counts them: without the load address
  std::uint64_t begin = 0;        ///< of the function
  std::uint64_t size = 0;         ///< 0: up to the next one
  std::uint64_t name_offset = 0;  ///< where the file has its name; 0: no function is known there
};
inline constexpr std::size_t kFunctionQueriesMax = 64;

/// Static functions too, where the file was not stripped. Answered queries are left alone.
void find_functions(int fd, std::span<FunctionQuery> queries) noexcept;
/// The NUL-terminated text at that place of the file, cut to `size` - 1 bytes. Its length.
std::size_t read_text(int fd, std::uint64_t offset, char* text, std::size_t size) noexcept;

}  // namespace alicorn
