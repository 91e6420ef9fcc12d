#include "app_api/static_tls.hpp"

#include "app_api/elf_machine.hpp"
#include "base/unique_fd.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

// Defined by the linker: the program's ELF header in memory.
// NOLINTNEXTLINE(readability-identifier-naming, bugprone-reserved-identifier)
extern "C" __attribute__((visibility("hidden"))) const Elf64_Ehdr __ehdr_start;

namespace alicorn {
namespace {

constexpr std::uint64_t kPage = 65536;  // the largest page size of any machine

/// A shared object of one segment that begins with the headers. Its thread-local memory is zeroes,
/// so the file contains none. One relocation asks for the distance of that memory from the thread's
/// own block.
struct Object {
  static constexpr std::size_t kSegments = 4, kEntries = 8;

  Elf64_Ehdr header{};
  Elf64_Phdr segments[kSegments]{};
  Elf64_Dyn dynamic[kEntries]{};
  Elf64_Rela relocation{};
  Elf64_Sym symbol{};  // the empty symbol that starts every table
  char strings[8] = "";
  std::uint64_t distance = 0;
};

Elf64_Phdr segment_of(std::uint32_t type, std::uint64_t offset, std::uint64_t size,
                      std::uint64_t alignment) {
  Elf64_Phdr segment{};
  segment.p_type = type;
  segment.p_flags = PF_R | PF_W;
  segment.p_offset = segment.p_vaddr = segment.p_paddr = offset;
  segment.p_filesz = segment.p_memsz = size;
  segment.p_align = alignment;
  return segment;
}

Elf64_Dyn entry_of(std::int64_t tag, std::uint64_t value) {
  Elf64_Dyn entry{};
  entry.d_tag = tag;
  entry.d_un.d_val = value;
  return entry;
}

Elf64_Ehdr make_header() {
  Elf64_Ehdr header = __ehdr_start;  // machine, byte order and flags are those of this program
  header.e_type = ET_DYN;
  header.e_entry = header.e_shoff = 0;
  header.e_phoff = offsetof(Object, segments);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = Object::kSegments;
  header.e_shentsize = header.e_shnum = header.e_shstrndx = 0;
  return header;
}

/// Keeps an object loaded. Unloading it returns the memory.
class Loaded {
 public:
  explicit Loaded(const std::string& bytes)
      : fd_(::memfd_create("alicorn-static-tls", MFD_CLOEXEC)) {
    const bool is_written =
        fd_ && ::write(fd_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    if (!is_written) return;
    const std::string path = "/proc/self/fd/" + std::to_string(fd_.get());
    handle_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  Loaded(Loaded&& other) noexcept
      : fd_(std::move(other.fd_)), handle_(std::exchange(other.handle_, nullptr)) {}
  Loaded& operator=(Loaded&&) = delete;
  ~Loaded() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  UniqueFd fd_;  // must stay open: its number is the library's name
  void* handle_ = nullptr;
};

}  // namespace

std::string make_tls_object(const ElfFile::StaticTls& wanted) {
  Object object;
  object.header = make_header();
  object.segments[0] = segment_of(PT_LOAD, 0, sizeof(Object), kPage);
  object.segments[1] = segment_of(PT_DYNAMIC, offsetof(Object, dynamic), sizeof object.dynamic, 8);
  object.segments[2] = segment_of(PT_TLS, 0, 0, std::max<std::uint64_t>(wanted.alignment, 1));
  object.segments[2].p_memsz = wanted.size;
  // Without this segment the loader would make all stacks executable.
  object.segments[3] = segment_of(PT_GNU_STACK, 0, 0, 16);
  object.dynamic[0] = entry_of(DT_STRTAB, offsetof(Object, strings));
  object.dynamic[1] = entry_of(DT_STRSZ, sizeof object.strings);
  object.dynamic[2] = entry_of(DT_SYMTAB, offsetof(Object, symbol));
  object.dynamic[3] = entry_of(DT_SYMENT, sizeof object.symbol);
  object.dynamic[4] = entry_of(DT_RELA, offsetof(Object, relocation));
  object.dynamic[5] = entry_of(DT_RELASZ, sizeof object.relocation);
  object.dynamic[6] = entry_of(DT_RELAENT, sizeof object.relocation);
  object.relocation.r_offset = offsetof(Object, distance);
  object.relocation.r_info = ELF64_R_INFO(std::uint64_t{0}, std::uint64_t{kStaticTlsRelocation});
  return std::string(reinterpret_cast<const char*>(&object), sizeof object);
}

std::optional<bool> has_room_for_static_tls(const std::vector<ElfFile::StaticTls>& wanted) {
  std::vector<Loaded> loaded;
  for (const ElfFile::StaticTls& one : wanted) {
    loaded.emplace_back(make_tls_object(one));
    if (loaded.back()) continue;
    const char* const reason = ::dlerror();
    const bool is_full =
        reason != nullptr && std::string_view(reason).find("static TLS") != std::string_view::npos;
    return is_full ? std::optional(false) : std::nullopt;
  }
  return true;
}

}  // namespace alicorn
