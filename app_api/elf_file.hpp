// What an ELF64 shared object says about itself, read without loading it. Trusts no byte of the
// file. Any process.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

namespace alicorn {

class ElfFile {
 public:
  /// The libraries that the object requests from the dynamic linker.
  struct Dependencies {
    std::vector<std::string> needed;
    std::string rpath, runpath;  ///< colon-separated, $ORIGIN not yet replaced
  };
  struct Note {
    std::uint32_t type;
    std::string description;

    bool operator==(const Note&) const = default;
  };
  /// Thread-local memory that must lie in the block that each thread gets when it starts, because
  /// the code expects it there (-ftls-model=initial-exec).
  struct StaticTls {
    std::uint64_t size, alignment;
  };

  /// Fails unless the file is a complete shared object for the architecture of this process.
  static Result<ElfFile> open(const std::string& path);
  /// The same for bytes in memory. They must outlive the object and need not be complete. `name` is
  /// for messages.
  static Result<ElfFile> from_bytes(std::string_view bytes, const std::string& name);

  /// True if this very file is at the path, with the content it had when it was opened.
  bool is_still_at(const std::string& path) const;
  /// Every note of that owner, in file order. Damaged notes are left out.
  std::vector<Note> notes(std::string_view owner) const;
  /// The notes of that owner in the bytes of one PT_NOTE segment.
  static std::vector<Note> notes_in(std::string_view segment, std::string_view owner);
  /// Empty if the file is damaged.
  std::optional<Dependencies> dependencies() const;
  /// Whether a global symbol of that name is defined. Empty if the file does not tell, or is
  /// damaged.
  std::optional<bool> defines_symbol(std::string_view name) const;
  /// Empty if the object needs none, or is damaged.
  std::optional<StaticTls> static_tls() const;

 private:
  struct Segment {
    std::uint32_t type;
    std::uint64_t offset, address, file_size, memory_size, alignment;
  };
  struct Dynamic;

  ElfFile() = default;
  Result<void> read_headers(const std::string& name);
  Result<void> check_is_whole(const std::string& name) const;
  /// The bytes; empty if the file does not contain all of them.
  std::optional<std::string> read(std::uint64_t offset, std::uint64_t size) const;
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const;
  std::optional<Dynamic> dynamic() const;
  std::optional<std::uint64_t> symbol_count(const Dynamic& dynamic) const;
  bool finds_own_tls_in_block(const Dynamic& dynamic, std::uint64_t relocations,
                              std::uint64_t size) const;
  std::optional<std::uint64_t> gnu_hash_symbol_count(std::uint64_t offset) const;

  UniqueFd fd_;
  std::string_view bytes_;  ///< used if there is no descriptor
  std::uint64_t size_ = 0;
  timespec modified_{};
  std::vector<Segment> segments_;
};

}  // namespace alicorn
