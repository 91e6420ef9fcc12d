// The loader's check of a file before loading: whatever the bytes, it reads nothing outside of
// them, and it terminates.
#include "app_api/elf_file.hpp"
#include "app_api/library_search.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(alicorn::parse_linker_cache(bytes));
  const auto file = alicorn::ElfFile::from_bytes(bytes, "input");
  if (!file) return 0;
  static_cast<void>(file->notes("Alicorn"));
  static_cast<void>(file->dependencies());
  static_cast<void>(file->defines_symbol("alicorn_app_entry"));
  return 0;
}
