// Finds a shared library as the dynamic linker would, without loading anything. Any process.
#pragma once

#include "app_api/elf_file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// Maps "libm.so.6" to a path for every library in the linker's cache. Empty if the cache is
/// damaged or has another format.
std::vector<std::pair<std::string_view, std::string_view>> parse_linker_cache(
    std::string_view bytes);

class LibrarySearch {
 public:
  /// For an object in directory `origin` (the value of $ORIGIN), with the object's search paths.
  LibrarySearch(std::string origin, const ElfFile::Dependencies& object);

  /// Empty: the library would not be found. A name with a '/' is a path and is only checked.
  std::optional<std::string> find(const std::string& name) const;

 private:
  void add_path_list(std::string_view list);

  std::string origin_;
  std::vector<std::string> before_cache_;  ///< directories, in the linker's order
  std::string cache_;
};

}  // namespace alicorn
