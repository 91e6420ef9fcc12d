// Strings to and from the ABI, and ASCII in any locale. Plain functions. Worker.
#pragma once

#include "alicorn/app.h"

#include <algorithm>
#include <string_view>

namespace alicorn {

inline std::string_view as_view(const alicorn_string& text) {
  return {text.data, text.size};
}
/// The app gets no null pointer, also where there is nothing.
inline alicorn_string as_abi(std::string_view text) {
  return text.data() == nullptr ? alicorn_string{"", 0} : alicorn_string{text.data(), text.size()};
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace alicorn
