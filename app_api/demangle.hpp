// The name of a C++ or Rust function as its author wrote it. The only place that uses libiberty,
// whose demanglers can do without malloc (unlike the C++ library's), so that a signal handler may
// call this. Worker.
#pragma once

#include <cstddef>

namespace alicorn {

/// Writes to `text`, cut and NUL-terminated. A name that is not mangled is copied unchanged.
void demangle(const char* name, char* text, std::size_t size) noexcept;

}  // namespace alicorn
