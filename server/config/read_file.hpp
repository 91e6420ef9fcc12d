// Reads a small file as text. Any process.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>

namespace alicorn {

/// kAny also reads pipes, which may block for ever: only for callers that may wait.
enum class FileKind { kAny, kRegular };

/// A file of more than `size_max` bytes is an Error (EFBIG).
Result<std::string> read_file(const std::string& path, std::size_t size_max, FileKind kind);

}  // namespace alicorn
