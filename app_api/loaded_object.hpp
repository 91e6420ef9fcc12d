// Which file the code at an address was loaded from. Takes no lock: a signal handler may ask.
// Worker.
#pragma once

#include <cstdint>
#include <optional>

namespace alicorn {

struct LoadedObject {
  const char* path = "";  ///< "": the program itself. Lives as long as the object is loaded
  std::uintptr_t begin = 0, end = 0;
  std::uintptr_t bias = 0;  ///< what was added to the addresses in its file
};

/// Nothing: code that was made at run time, or no code at all.
std::optional<LoadedObject> loaded_object_at(std::uintptr_t address) noexcept;

}  // namespace alicorn
