#include "app_api/elf_file.hpp"

#include "app_api/elf_machine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

// Far more than a linker writes, and small enough that a forged size costs neither time nor memory.
constexpr std::uint64_t kSegmentCountMax = 512;
constexpr std::uint64_t kNoteBytesMax = 1 << 20;
constexpr std::uint64_t kDynamicBytesMax = 1 << 20;
constexpr std::uint64_t kTableBytesMax = 256 << 20;
constexpr std::uint64_t kHashChainMax = 1 << 16;

constexpr unsigned char kByteOrder =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

template <class T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

/// The NUL-terminated string at that offset of a string table. "" if it is not terminated.
std::string_view string_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view rest = table.substr(offset);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

bool string_equals(std::string_view table, std::uint64_t offset, std::string_view text) {
  if (offset > table.size()) return false;
  const std::string_view rest = table.substr(offset);
  return rest.starts_with(text) && rest.size() > text.size() && rest[text.size()] == '\0';
}

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Linkers pad the notes of a segment to 4 or 8 bytes, and p_align does not always say which.
void collect_notes(std::string_view segment, std::uint64_t alignment, std::string_view owner,
                   std::vector<ElfFile::Note>& notes) {
  std::uint64_t offset = 0;
  while (const auto header = at<Elf64_Nhdr>(segment, offset)) {
    const std::uint64_t name_offset = offset + sizeof(Elf64_Nhdr);
    const std::uint64_t description_offset = align_up(name_offset + header->n_namesz, alignment);
    const std::uint64_t end = description_offset + header->n_descsz;
    if (end > segment.size()) return;
    const std::string_view name = segment.substr(name_offset, header->n_namesz);
    if (name.size() == owner.size() + 1 && name.back() == '\0' && name.starts_with(owner)) {
      notes.push_back(
          {.type = header->n_type,
           .description = std::string(segment.substr(description_offset, header->n_descsz))});
    }
    offset = align_up(end, alignment);
  }
}

}  // namespace

struct ElfFile::Dynamic {
  std::vector<std::uint64_t> needed;  // offsets in the string table
  std::optional<std::uint64_t> rpath, runpath;
  std::string strings;
  // Addresses and sizes of tables; 0: none.
  std::uint64_t symbols = 0, hash = 0, gnu_hash = 0;
  std::uint64_t relocations = 0, relocations_size = 0, jumps = 0, jumps_size = 0;
};

Result<ElfFile> ElfFile::open(const std::string& path) {
  // O_NONBLOCK: a FIFO of this name must not block us.
  auto fd = adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), "cannot open", path);
  if (!fd) return tl::unexpected(fd.error());
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return fail_errno("cannot read", path);
  if (!S_ISREG(status.st_mode)) return fail(path + " is not a regular file");
  ElfFile file;
  file.fd_ = std::move(*fd);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  file.modified_ = status.st_mtim;
  if (auto read = file.read_headers(path); !read) return tl::unexpected(read.error());
  if (auto whole = file.check_is_whole(path); !whole) return tl::unexpected(whole.error());
  return file;
}

Result<ElfFile> ElfFile::from_bytes(std::string_view bytes, const std::string& name) {
  ElfFile file;
  file.bytes_ = bytes;
  file.size_ = bytes.size();
  if (auto read = file.read_headers(name); !read) return tl::unexpected(read.error());
  return file;
}

bool ElfFile::is_still_at(const std::string& path) const {
  struct stat ours {
  }, there{};
  return ::fstat(fd_.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino &&
         static_cast<std::uint64_t>(ours.st_size) == size_ &&
         ours.st_mtim.tv_sec == modified_.tv_sec && ours.st_mtim.tv_nsec == modified_.tv_nsec;
}

std::optional<std::string> ElfFile::read(std::uint64_t offset, std::uint64_t size) const {
  if (offset > size_ || size_ - offset < size || size > kTableBytesMax) return std::nullopt;
  if (!fd_) return std::string(bytes_.substr(offset, size));
  std::string out(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t count =
        ::pread(fd_.get(), out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;  // an error, or the file was cut short after fstat
    done += static_cast<std::size_t>(count);
  }
  return out;
}

Result<void> ElfFile::read_headers(const std::string& name) {
  const auto ident = read(0, EI_NIDENT);
  if (!ident || !ident->starts_with(std::string_view(ELFMAG, SELFMAG))) {
    return fail(name + " is not a shared object: not an ELF file");
  }
  const auto other_architecture = [&name] {
    return fail(name + " is built for another architecture, this server runs on " + kMachineName);
  };
  if ((*ident)[EI_CLASS] != ELFCLASS64 ||
      static_cast<unsigned char>((*ident)[EI_DATA]) != kByteOrder) {
    return other_architecture();
  }
  const auto bytes = read(0, sizeof(Elf64_Ehdr));
  if (!bytes) return fail(name + " is not a shared object: the file is cut short");
  const auto header = *at<Elf64_Ehdr>(*bytes, 0);
  if (header.e_machine != kMachine) return other_architecture();
  if (header.e_type != ET_DYN) {
    return fail(name + " is not a shared object: " +
                (header.e_type == ET_REL    ? "an object file that was not linked"
                 : header.e_type == ET_EXEC ? "an executable"
                                            : "an ELF file of another kind"));
  }
  const std::uint64_t count = header.e_phnum;
  const auto table = header.e_phentsize == sizeof(Elf64_Phdr) && count <= kSegmentCountMax
                         ? read(header.e_phoff, count * sizeof(Elf64_Phdr))
                         : std::nullopt;
  if (!table) return fail(name + " is not a shared object: its program headers are damaged");
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto segment = *at<Elf64_Phdr>(*table, i * sizeof(Elf64_Phdr));
    segments_.push_back({.type = segment.p_type,
                         .offset = segment.p_offset,
                         .address = segment.p_vaddr,
                         .file_size = segment.p_filesz,
                         .memory_size = segment.p_memsz,
                         .alignment = segment.p_align});
  }
  return {};
}

/// If the file is shorter than its headers say, the process that loads it gets a SIGBUS.
Result<void> ElfFile::check_is_whole(const std::string& name) const {
  for (const Segment& segment : segments_) {
    if (segment.type != PT_LOAD) continue;
    if (segment.offset <= size_ && segment.file_size <= size_ - segment.offset) continue;
    return fail(name + " is not a complete shared object: the file is cut short at " +
                std::to_string(size_) + " bytes (copy it beside the old one, then rename it)");
  }
  return {};
}

std::vector<ElfFile::Note> ElfFile::notes(std::string_view owner) const {
  std::vector<Note> notes;
  for (const Segment& segment : segments_) {
    if (segment.type != PT_NOTE || segment.file_size > kNoteBytesMax) continue;
    const auto bytes = read(segment.offset, segment.file_size);
    if (!bytes) continue;
    for (Note& note : notes_in(*bytes, owner)) notes.push_back(std::move(note));
  }
  return notes;
}

std::vector<ElfFile::Note> ElfFile::notes_in(std::string_view segment, std::string_view owner) {
  std::vector<Note> notes;
  collect_notes(segment, 4, owner, notes);
  if (notes.empty()) collect_notes(segment, 8, owner, notes);
  return notes;
}

std::optional<std::uint64_t> ElfFile::offset_of(std::uint64_t address) const {
  if (address == 0) return std::nullopt;  // the table is absent
  for (const Segment& segment : segments_) {
    if (segment.type != PT_LOAD || address < segment.address) continue;
    const std::uint64_t distance = address - segment.address;
    if (distance >= segment.file_size || segment.offset > size_) continue;
    if (distance > size_ - segment.offset) continue;
    return segment.offset + distance;
  }
  return std::nullopt;
}

std::optional<ElfFile::Dynamic> ElfFile::dynamic() const {
  const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                    [](const Segment& s) { return s.type == PT_DYNAMIC; });
  if (segment == segments_.end() || segment->file_size > kDynamicBytesMax) return std::nullopt;
  const auto bytes = read(segment->offset, segment->file_size);
  if (!bytes) return std::nullopt;

  Dynamic dynamic;
  std::uint64_t strings = 0, strings_size = 0;
  for (std::uint64_t offset = 0;; offset += sizeof(Elf64_Dyn)) {
    const auto entry = at<Elf64_Dyn>(*bytes, offset);
    if (!entry || entry->d_tag == DT_NULL) break;
    const std::uint64_t value = entry->d_un.d_val;
    switch (entry->d_tag) {
      case DT_NEEDED:
        dynamic.needed.push_back(value);
        break;
      case DT_RPATH:
        dynamic.rpath = value;
        break;
      case DT_RUNPATH:
        dynamic.runpath = value;
        break;
      case DT_STRTAB:
        strings = value;
        break;
      case DT_STRSZ:
        strings_size = value;
        break;
      case DT_SYMTAB:
        dynamic.symbols = value;
        break;
      case DT_HASH:
        dynamic.hash = value;
        break;
      case DT_GNU_HASH:
        dynamic.gnu_hash = value;
        break;
      case DT_RELA:
        dynamic.relocations = value;
        break;
      case DT_RELASZ:
        dynamic.relocations_size = value;
        break;
      case DT_JMPREL:
        dynamic.jumps = value;
        break;
      case DT_PLTRELSZ:
        dynamic.jumps_size = value;
        break;
      default:
        break;
    }
  }
  const auto strings_offset = offset_of(strings);
  if (!strings_offset) return std::nullopt;
  auto table = read(*strings_offset, strings_size);
  if (!table) return std::nullopt;
  dynamic.strings = std::move(*table);
  return dynamic;
}

std::optional<ElfFile::Dependencies> ElfFile::dependencies() const {
  const auto dynamic = this->dynamic();
  if (!dynamic) return std::nullopt;
  Dependencies result;
  for (const std::uint64_t name : dynamic->needed) {
    result.needed.emplace_back(string_at(dynamic->strings, name));
  }
  if (dynamic->rpath) result.rpath = string_at(dynamic->strings, *dynamic->rpath);
  if (dynamic->runpath) result.runpath = string_at(dynamic->strings, *dynamic->runpath);
  return result;
}

/// The GNU hash table has no count. The last symbol is the end of the chain of the highest bucket.
std::optional<std::uint64_t> ElfFile::gnu_hash_symbol_count(std::uint64_t offset) const {
  const auto header = read(offset, 4 * sizeof(std::uint32_t));
  if (!header) return std::nullopt;
  const std::uint64_t bucket_count = *at<std::uint32_t>(*header, 0);
  const std::uint64_t first_symbol = *at<std::uint32_t>(*header, 4);
  const std::uint64_t bloom_words = *at<std::uint32_t>(*header, 8);
  const std::uint64_t buckets_offset = offset + header->size() + bloom_words * 8;
  const auto buckets = read(buckets_offset, bucket_count * 4);
  if (!buckets) return std::nullopt;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < bucket_count; ++i) {
    last = std::max<std::uint64_t>(last, *at<std::uint32_t>(*buckets, i * 4));
  }
  if (last < first_symbol) return first_symbol;  // nothing exported
  const std::uint64_t chains_offset = buckets_offset + buckets->size();
  for (std::uint64_t step = 0; step < kHashChainMax; ++step, ++last) {
    const auto word = read(chains_offset + (last - first_symbol) * 4, 4);
    if (!word) return std::nullopt;
    if ((*at<std::uint32_t>(*word, 0) & 1u) != 0) return last + 1;  // bit 0: the chain's end
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::symbol_count(const Dynamic& dynamic) const {
  if (dynamic.gnu_hash != 0) {
    const auto offset = offset_of(dynamic.gnu_hash);
    return offset ? gnu_hash_symbol_count(*offset) : std::nullopt;
  }
  const auto offset = offset_of(dynamic.hash);
  const auto header = offset ? read(*offset, 2 * sizeof(std::uint32_t)) : std::nullopt;
  if (!header) return std::nullopt;
  return *at<std::uint32_t>(*header, 4);  // nchain is the number of symbols
}

std::optional<bool> ElfFile::defines_symbol(std::string_view name) const {
  const auto dynamic = this->dynamic();
  if (!dynamic) return std::nullopt;
  const auto offset = offset_of(dynamic->symbols);
  const auto count = symbol_count(*dynamic);
  if (!offset || !count) return std::nullopt;
  const auto symbols = read(*offset, *count * sizeof(Elf64_Sym));
  if (!symbols) return std::nullopt;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto symbol = *at<Elf64_Sym>(*symbols, i * sizeof(Elf64_Sym));
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    const bool is_global =
        binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE;
    if (symbol.st_shndx == SHN_UNDEF || !is_global) continue;
    if (string_equals(dynamic->strings, symbol.st_name, name)) return true;
  }
  return false;
}

std::optional<ElfFile::StaticTls> ElfFile::static_tls() const {
  const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                    [](const Segment& s) { return s.type == PT_TLS; });
  const auto dynamic = this->dynamic();
  if (segment == segments_.end() || segment->memory_size == 0 || !dynamic) return std::nullopt;
  const bool is_static =
      finds_own_tls_in_block(*dynamic, dynamic->relocations, dynamic->relocations_size) ||
      finds_own_tls_in_block(*dynamic, dynamic->jumps, dynamic->jumps_size);
  if (!is_static) return std::nullopt;
  return StaticTls{.size = segment->memory_size, .alignment = segment->alignment};
}

/// DF_STATIC_TLS would also be set if the memory belongs to another library, such as the C
/// library's errno.
bool ElfFile::finds_own_tls_in_block(const Dynamic& dynamic, std::uint64_t relocations,
                                     std::uint64_t size) const {
  const auto offset = offset_of(relocations);
  const auto bytes = offset ? read(*offset, size) : std::nullopt;
  const auto symbols = offset_of(dynamic.symbols);
  if (!bytes || !symbols) return false;
  for (std::uint64_t at_byte = 0; at_byte < bytes->size(); at_byte += sizeof(Elf64_Rela)) {
    const auto relocation = at<Elf64_Rela>(*bytes, at_byte);
    if (!relocation) return false;
    if (ELF64_R_TYPE(relocation->r_info) != kStaticTlsRelocation) continue;
    const std::uint64_t index = ELF64_R_SYM(relocation->r_info);
    const auto entry = read(*symbols + index * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
    const auto symbol = entry ? at<Elf64_Sym>(*entry, 0) : std::nullopt;
    if (index == 0 || (symbol && symbol->st_shndx != SHN_UNDEF)) return true;
  }
  return false;
}

}  // namespace alicorn
