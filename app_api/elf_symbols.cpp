#include "app_api/elf_symbols.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <elf.h>
#include <errno.h>
#include <unistd.h>

namespace alicorn {
namespace {

// Far more than a linker writes. These limits bound the time that a forged file can cost.
constexpr std::uint64_t kSectionsMax = 8'192;
constexpr std::uint64_t kSegmentsMax = 512;
constexpr std::uint64_t kSymbolsMax = 4'000'000;
constexpr std::uint64_t kUnsizedMax = 4'096;  // for an assembler function without a size
constexpr std::size_t kNoteBytesMax = 4'096;
constexpr std::size_t kSymbolsAtOnce = 512;

/// Reads all of it or fails.
bool read_all(int fd, std::uint64_t offset, void* data, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = ::pread(fd, static_cast<char*>(data) + done, size - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

template <class T>
std::optional<T> read_at(int fd, std::uint64_t offset) {
  T value;
  if (!read_all(fd, offset, &value, sizeof value)) return std::nullopt;
  return value;
}

bool is_elf64(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64;
}

std::optional<Elf64_Ehdr> read_header(int fd) {
  const auto header = read_at<Elf64_Ehdr>(fd, 0);
  return header && is_elf64(*header) ? header : std::nullopt;
}

std::size_t padded(std::size_t size) {
  return (size + 3) / 4 * 4;
}

BuildId build_id_in_notes(const char* notes, std::size_t size) {
  constexpr char kOwner[] = "GNU";
  for (std::size_t offset = 0; size - offset >= sizeof(Elf64_Nhdr);) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes + offset, sizeof note);
    offset += sizeof note;
    if (note.n_namesz > size - offset || note.n_descsz > size - offset) break;
    const std::size_t description = offset + padded(note.n_namesz);
    if (description > size || note.n_descsz > size - description) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof kOwner && note.n_descsz > 0 &&
        note.n_descsz <= BuildId::kSizeMax &&
        std::memcmp(notes + offset, kOwner, sizeof kOwner) == 0) {
      BuildId id{.size = static_cast<std::uint8_t>(note.n_descsz)};
      std::memcpy(id.bytes, notes + description, id.size);
      return id;
    }
    offset = std::min(size, description + padded(note.n_descsz));
  }
  return {};
}

bool is_function(const Elf64_Sym& symbol) {
  const auto type = ELF64_ST_TYPE(symbol.st_info);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF &&
         symbol.st_name != 0;
}

bool holds(const FunctionQuery& query) {
  return query.address - query.begin < query.size;
}

/// Prefers the innermost function that contains the address; without one, the nearest function
/// before it.
void consider(FunctionQuery& query, const Elf64_Sym& symbol, const Elf64_Shdr& strings) {
  if (symbol.st_value > query.address || symbol.st_name >= strings.sh_size) return;
  FunctionQuery candidate = query;
  candidate.begin = symbol.st_value;
  candidate.size = symbol.st_size;
  candidate.name_offset = strings.sh_offset + symbol.st_name;
  if (query.name_offset != 0) {
    if (holds(query) && !holds(candidate)) return;
    if (holds(query) == holds(candidate) && candidate.begin <= query.begin) return;
  }
  query = candidate;
}

void search_table(int fd, const Elf64_Shdr& symbols, const Elf64_Shdr& strings,
                  std::span<FunctionQuery> queries) {
  const std::uint64_t count = std::min(symbols.sh_size / sizeof(Elf64_Sym), kSymbolsMax);
  std::uint64_t open = 0;  // one bit per query that this table may answer
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].name_offset == 0) open |= std::uint64_t{1} << i;
  }
  Elf64_Sym batch[kSymbolsAtOnce];
  for (std::uint64_t first = 0; first < count && open != 0; first += kSymbolsAtOnce) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(kSymbolsAtOnce, count - first));
    if (!read_all(fd, symbols.sh_offset + first * sizeof(Elf64_Sym), batch,
                  size * sizeof(Elf64_Sym))) {
      break;
    }
    for (std::size_t at = 0; at < size; ++at) {
      if (!is_function(batch[at])) continue;
      for (std::size_t i = 0; i < queries.size(); ++i) {
        if ((open >> i & 1) != 0) consider(queries[i], batch[at], strings);
      }
    }
  }
  for (FunctionQuery& query : queries) {
    // Beyond the end of the nearest function there is no function, or its name was stripped.
    const std::uint64_t size = query.size != 0 ? query.size : kUnsizedMax;
    if (query.address - query.begin >= size) query.name_offset = 0;
  }
}

}  // namespace

bool BuildId::operator==(const BuildId& other) const {
  return size == other.size && std::memcmp(bytes, other.bytes, size) == 0;
}

BuildId build_id_of_file(int fd) noexcept {
  const auto header = read_header(fd);
  if (!header || header->e_phentsize != sizeof(Elf64_Phdr)) return {};
  const std::uint64_t count = std::min<std::uint64_t>(header->e_phnum, kSegmentsMax);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto segment = read_at<Elf64_Phdr>(fd, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) break;
    char notes[kNoteBytesMax];
    if (segment->p_type != PT_NOTE || segment->p_filesz > sizeof notes) continue;
    const auto size = static_cast<std::size_t>(segment->p_filesz);
    if (!read_all(fd, segment->p_offset, notes, size)) continue;
    if (const BuildId id = build_id_in_notes(notes, size); id.size != 0) return id;
  }
  return {};
}

BuildId build_id_of_image(std::uintptr_t begin, std::uintptr_t end, std::uintptr_t bias) noexcept {
  const auto is_inside = [&](std::uintptr_t address, std::uint64_t size) {
    return address >= begin && address <= end && size <= end - address;
  };
  Elf64_Ehdr header;
  if (!is_inside(begin, sizeof header)) return {};
  std::memcpy(&header, reinterpret_cast<const void*>(begin), sizeof header);
  if (!is_elf64(header) || header.e_phentsize != sizeof(Elf64_Phdr)) return {};
  const std::uint64_t count = std::min<std::uint64_t>(header.e_phnum, kSegmentsMax);
  for (std::uint64_t i = 0; i < count; ++i) {
    Elf64_Phdr segment;
    const std::uintptr_t at = begin + header.e_phoff + i * sizeof segment;
    if (!is_inside(at, sizeof segment)) break;
    std::memcpy(&segment, reinterpret_cast<const void*>(at), sizeof segment);
    const std::uintptr_t notes = bias + segment.p_vaddr;
    if (segment.p_type != PT_NOTE || segment.p_memsz > kNoteBytesMax) continue;
    if (!is_inside(notes, segment.p_memsz)) continue;
    const BuildId id = build_id_in_notes(reinterpret_cast<const char*>(notes),
                                         static_cast<std::size_t>(segment.p_memsz));
    if (id.size != 0) return id;
  }
  return {};
}

void find_functions(int fd, std::span<FunctionQuery> queries) noexcept {
  queries = queries.first(std::min(queries.size(), kFunctionQueriesMax));
  const auto header = read_header(fd);
  if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return;
  const std::uint64_t count = std::min<std::uint64_t>(header->e_shnum, kSectionsMax);
  const auto section = [&](std::uint64_t number) {
    return number < count ? read_at<Elf64_Shdr>(fd, header->e_shoff + number * sizeof(Elf64_Shdr))
                          : std::nullopt;
  };
  for (const auto wanted : {std::uint32_t{SHT_SYMTAB}, std::uint32_t{SHT_DYNSYM}}) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto symbols = section(i);
      if (!symbols) break;
      if (symbols->sh_type != wanted || symbols->sh_entsize != sizeof(Elf64_Sym)) continue;
      const auto strings = section(symbols->sh_link);
      if (!strings || strings->sh_type != SHT_STRTAB) continue;
      search_table(fd, *symbols, *strings, queries);
      break;  // a file has one of each
    }
  }
}

std::size_t read_text(int fd, std::uint64_t offset, char* text, std::size_t size) noexcept {
  ssize_t got = 0;
  do {
    got = ::pread(fd, text, size - 1, static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  text[got < 0 ? 0 : got] = '\0';
  return std::strlen(text);
}

}  // namespace alicorn
