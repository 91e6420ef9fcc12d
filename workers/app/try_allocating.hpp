// For places where memory may be short and the caller gets an error instead of an exception.
// Worker.
#pragma once

#include <exception>

namespace alicorn {

/// False: there was not enough memory (std::bad_alloc), or there never could be
/// (std::length_error).
template <class Function>
bool try_allocating(Function&& function) noexcept {
  try {
    function();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace alicorn
