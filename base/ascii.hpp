// ASCII functions that do not depend on the locale: character classes, letter case, and the token
// and white space of HTTP's grammar (RFC 9110, section 5.6). Plain functions, used in any process.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace alicorn {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_letter(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
constexpr bool is_alphanumeric(char c) {
  return is_digit(c) || is_letter(c);
}
constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}
/// Works in place.
template <class Text>
constexpr void make_lower(Text& text) {
  for (char& c : text) c = to_lower(c);
}

/// A set of bytes, looked up by value.
class CharSet {
 public:
  /// The letters, the digits, and `others`.
  static constexpr CharSet alphanumeric_and(std::string_view others) {
    CharSet set;
    for (unsigned c = 0; c < 128; ++c) set.has_[c] = is_alphanumeric(static_cast<char>(c));
    for (const char c : others) set.has_[static_cast<unsigned char>(c)] = true;
    return set;
  }
  constexpr bool contains(char c) const { return has_[static_cast<unsigned char>(c)]; }

 private:
  constexpr CharSet() = default;

  std::array<bool, 256> has_{};
};

inline constexpr CharSet kTokenChars = CharSet::alphanumeric_and("!#$%&'*+-.^_`|~");

constexpr bool is_token_char(char c) {
  return kTokenChars.contains(c);
}
/// 1*tchar. Looks at every byte: a loop without an early exit is faster for the short tokens we
/// get.
constexpr bool is_token(std::string_view text) {
  bool good = !text.empty();
  for (const char c : text) good &= is_token_char(c);
  return good;
}

/// Optional white space: SP and TAB.
constexpr bool is_ows(char c) {
  return c == ' ' || c == '\t';
}
/// `text` without the white space at both ends.
constexpr std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace alicorn
