// Where memory may be short, and whoever asked hears of it instead of being unwound. Worker.
#pragma once

#include <exception>

namespace alicorn {

/// False: there was not enough memory (std::bad_alloc), or never could be (std::length_error).
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
