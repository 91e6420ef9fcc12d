// A whole small file as text. Any process.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>

namespace alicorn {

/// A pipe may let its reader wait for ever: only for those who may.
enum class FileKind { kAny, kRegular };

/// Of more than `size_max` bytes nothing is returned but an Error (EFBIG).
Result<std::string> read_file(const std::string& path, std::size_t size_max, FileKind kind);

}  // namespace alicorn
