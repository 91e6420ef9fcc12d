// The few operations on text that several parts need. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Removes and returns what is before the separator (everything, if there is none); the separator
/// is removed, too.
std::string_view split_first(std::string_view& rest, char separator);
/// Strips spaces and tabs at both ends.
std::string_view trim_blanks(std::string_view text);
/// Strips white space at both ends, as Python's str.strip() does, Unicode's included.
std::string_view trim_white_space(std::string_view utf8);
std::string lower_case(std::string_view ascii);

/// "%41" becomes "A"; a wrong escape stays as it is.
std::string decode_percent(std::string_view text);
/// Decodes form encoding as in "a=b&c=d+e%21": a plus becomes a space; a wrong escape stays as it
/// is.
std::string decode_form_text(std::string_view text);

/// Invalid sequences become U+FFFD, as with Python's errors="replace".
std::string replace_invalid_utf8(std::string_view bytes);
/// Header fields are bytes; read as Latin-1 they are always valid text.
std::string utf8_from_latin1(std::string_view bytes);

/// Where a text stops being valid UTF-8.
struct Utf8Error {
  std::size_t position;  ///< in bytes
  std::size_t size;      ///< the number of wrong bytes that belong together, at least 1
  std::string_view why;  ///< in CPython's words
};
std::optional<Utf8Error> find_utf8_error(std::string_view bytes);

/// Makes a text safe for a terminal, which obeys control characters, C1 included: these and invalid
/// sequences become \xNN. Tabs stay.
std::string printable(std::string_view bytes);

}  // namespace jwt_auth
