// Converts strings to and from the ABI. Plain functions. Worker.
#pragma once

#include "alicorn/app.h"

#include <string_view>

namespace alicorn {

inline std::string_view as_view(const alicorn_string& text) {
  return {text.data, text.size};
}
/// The app never gets a null pointer, not even for an empty string.
inline alicorn_string as_abi(std::string_view text) {
  return text.data() == nullptr ? alicorn_string{"", 0} : alicorn_string{text.data(), text.size()};
}

}  // namespace alicorn
