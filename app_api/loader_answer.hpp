// The dynamic loader's answer when it is asked to resolve all symbols of a library without running
// anything, as `ldd -r` does. Plain functions. `alicorn check`.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

struct LoaderAnswer {
  bool is_refusal = false;  ///< the loader could not even map the files
  std::string text;         ///< its messages, one per line
};

/// Asks this process's loader about the file at this path. An Error means that it could not be
/// asked.
using AskLoader = std::function<Result<LoaderAnswer>(const std::string& path)>;

/// The messages for which dlopen would refuse the library. Others are only warnings.
std::vector<std::string> refusals_in(const LoaderAnswer& answer);

}  // namespace alicorn
