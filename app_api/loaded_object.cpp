#include "app_api/loaded_object.hpp"

#include <dlfcn.h>
#include <link.h>

namespace alicorn {

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
