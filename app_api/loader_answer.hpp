// What the dynamic loader says when it is asked to resolve all symbols of a library, and to run
// nothing (as `ldd -r` asks it). Plain functions. `alicorn check`.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

struct LoaderAnswer {
  bool is_refusal = false;  ///< it could not even map the files
  std::string text;         ///< its complaints, a line each
};

/// Asks the loader of this process about the file at this path. An Error: it cannot be asked.
using AskLoader = std::function<Result<LoaderAnswer>(const std::string& path)>;

/// What dlopen would refuse the library for. Some complaints are only warnings.
std::vector<std::string> refusals_in(const LoaderAnswer& answer);

}  // namespace alicorn
