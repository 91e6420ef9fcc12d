// Where the dynamic linker would find a shared library, told without loading anything. Any process.
#pragma once

#include "app_api/elf_file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

/// "libm.so.6" -> path of every library in the linker's cache; empty when it is damaged or of
/// another form.
std::vector<std::pair<std::string_view, std::string_view>> parse_linker_cache(
    std::string_view bytes);

class LibrarySearch {
 public:
  /// For an object in that directory (what $ORIGIN stands for) with those search paths.
  LibrarySearch(std::string origin, const ElfFile::Dependencies& object);

  /// Nothing: not found, the object could not be loaded. A path (with a '/') is looked at as it is.
  std::optional<std::string> find(const std::string& name) const;

 private:
  void add_path_list(std::string_view list);

  std::string origin_;
  std::vector<std::string> before_cache_;  ///< directories, in the linker's order
  std::string cache_;
};

}  // namespace alicorn
