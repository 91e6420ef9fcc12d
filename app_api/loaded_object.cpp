#include "app_api/loaded_object.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

namespace alicorn {

std::vector<std::string> libraries_of_this_process() {
  std::vector<std::string> names;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* list) {
        // The program itself has no name, and the kernel's vDSO has no path.
        const std::string name = info->dlpi_name != nullptr ? info->dlpi_name : "";
        if (name.starts_with('/')) static_cast<std::vector<std::string>*>(list)->push_back(name);
        return 0;
      },
      &names);
  return names;
}

std::string loader_of_this_process() {
  const auto* const headers = reinterpret_cast<const ElfW(Phdr)*>(::getauxval(AT_PHDR));
  const auto count = ::getauxval(AT_PHNUM);
  std::uintptr_t bias = 0;
  for (unsigned long i = 0; headers != nullptr && i < count; ++i) {
    if (headers[i].p_type == PT_PHDR) {
      bias = reinterpret_cast<std::uintptr_t>(headers) - headers[i].p_vaddr;
    }
  }
  for (unsigned long i = 0; headers != nullptr && i < count; ++i) {
    if (headers[i].p_type != PT_INTERP) continue;
    return reinterpret_cast<const char*>(bias + headers[i].p_vaddr);
  }
  return "";
}

std::vector<std::string_view> notes_of_library(void* handle) {
  struct Search {
    const link_map* library = nullptr;
    std::vector<std::string_view> notes;
  } search;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &search.library) != 0) return {};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* opaque) {
        auto& wanted = *static_cast<Search*>(opaque);
        const bool is_it = info->dlpi_addr == wanted.library->l_addr &&
                           std::string_view(info->dlpi_name) == wanted.library->l_name;
        for (ElfW(Half) i = 0; is_it && i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          if (segment.p_type != PT_NOTE) continue;
          wanted.notes.emplace_back(
              reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr), segment.p_memsz);
        }
        return is_it ? 1 : 0;
      },
      &search);
  return search.notes;
}

/// Takes no lock, so that a signal handler may call it.
std::optional<LoadedObject> loaded_object_at(std::uintptr_t address) noexcept {
  dl_find_object found;
  if (::_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return std::nullopt;
  const char* const path = found.dlfo_link_map->l_name;
  return LoadedObject{.path = path != nullptr ? path : "",
                      .begin = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start),
                      .end = reinterpret_cast<std::uintptr_t>(found.dlfo_map_end),
                      .bias = found.dlfo_link_map->l_addr};
}

}  // namespace alicorn
