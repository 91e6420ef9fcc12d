// What an ELF64 shared object says about itself, read without loading it. No byte of the file is
// trusted. Any process.
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
  /// The libraries that the object asks the dynamic linker for.
  struct Dependencies {
    std::vector<std::string> needed;
    std::string rpath, runpath;  ///< colon-separated, $ORIGIN not yet replaced
  };
  struct Note {
    std::uint32_t type;
    std::string description;

    bool operator==(const Note&) const = default;
  };
  /// Thread-local memory that has to lie in the block which each thread gets at its birth: what the
  /// code was told to find there (-ftls-model=initial-exec).
  struct StaticTls {
    std::uint64_t size, alignment;
  };

  /// Fails unless it is a whole shared object for the architecture of this process.
  static Result<ElfFile> open(const std::string& path);
  /// The same over bytes in memory, which must outlive it, and need not be whole; `name` is for
  /// messages.
  static Result<ElfFile> from_bytes(std::string_view bytes, const std::string& name);

  /// That this very file lies at the path, with the content that it had when it was opened.
  bool is_still_at(const std::string& path) const;
  /// Every note of that owner, in file order. Damaged ones are left out.
  std::vector<Note> notes(std::string_view owner) const;
  /// Those in the bytes of one PT_NOTE segment.
  static std::vector<Note> notes_in(std::string_view segment, std::string_view owner);
  /// Nothing: the file is damaged.
  std::optional<Dependencies> dependencies() const;
  /// Is there a defined global symbol of that name? Nothing: the file does not say, or is damaged.
  std::optional<bool> defines_symbol(std::string_view name) const;
  /// Nothing: it needs none, or is damaged.
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
  /// The bytes, or nothing when the file does not hold all of them.
  std::optional<std::string> read(std::uint64_t offset, std::uint64_t size) const;
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const;
  std::optional<Dynamic> dynamic() const;
  std::optional<std::uint64_t> symbol_count(const Dynamic& dynamic) const;
  bool finds_own_tls_in_block(const Dynamic& dynamic, std::uint64_t relocations,
                              std::uint64_t size) const;
  std::optional<std::uint64_t> gnu_hash_symbol_count(std::uint64_t offset) const;

  UniqueFd fd_;
  std::string_view bytes_;  ///< used when there is no descriptor
  std::uint64_t size_ = 0;
  timespec modified_{};
  std::vector<Segment> segments_;
};

}  // namespace alicorn
