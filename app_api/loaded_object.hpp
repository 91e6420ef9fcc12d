// Finds out what is loaded in this process, and where. Any process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

struct LoadedObject {
  const char* path = "";  ///< "": the program itself; valid while it is loaded
  std::uintptr_t begin = 0, end = 0;
  std::uintptr_t bias = 0;  ///< added to the addresses in the file
};

/// The libraries loaded at the start of this process, under the loader's names.
std::vector<std::string> libraries_of_this_process();
/// The loader itself. "": the program has none.
std::string loader_of_this_process();

/// The notes (PT_NOTE) of a loaded library, in its memory. `handle` comes from dlopen().
std::vector<std::string_view> notes_of_library(void* handle);

/// Empty for code that was made at run time, and for an address without code.
std::optional<LoadedObject> loaded_object_at(std::uintptr_t address) noexcept;

}  // namespace alicorn
