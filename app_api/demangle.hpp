// The name of a C++ or Rust function as its author wrote it. The only place that knows libiberty,
// whose demanglers can do without malloc (as the C++ library's cannot): a signal handler may ask.
// Worker.
#pragma once

#include <cstddef>

namespace alicorn {

/// Into `text`, cut and NUL-terminated. What is no mangled name is copied as it is.
void demangle(const char* name, char* text, std::size_t size) noexcept;

}  // namespace alicorn
