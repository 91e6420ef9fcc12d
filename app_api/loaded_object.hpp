// What is loaded in this process, and by whom. Any process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

struct LoadedObject {
  const char* path = "";  ///< "": the program itself. Lives as long as the object is loaded
  std::uintptr_t begin = 0, end = 0;
  std::uintptr_t bias = 0;  ///< what was added to the addresses in its file
};

/// The libraries that this process has had from its start on, as the loader calls them.
std::vector<std::string> libraries_of_this_process();
/// The loader itself; "": the program has none.
std::string loader_of_this_process();

/// The notes (PT_NOTE) of a library, in the memory where it lies. `handle`: of dlopen().
std::vector<std::string_view> notes_of_library(void* handle);

/// Nothing: code that was made at run time, or no code at all.
std::optional<LoadedObject> loaded_object_at(std::uintptr_t address) noexcept;

}  // namespace alicorn
