// The few operations on text that several parts need. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Cuts off what stands before the separator (all, where there is none) and the separator itself.
std::string_view split_first(std::string_view& rest, char separator);
/// Without spaces and tabs around it.
std::string_view trim_blanks(std::string_view text);
/// Without white space around it, in the sense of Python's str.strip(): Unicode's too.
std::string_view trim_white_space(std::string_view utf8);
std::string lower_case(std::string_view ascii);

/// "%41" becomes "A"; what is no escape stays as it is.
std::string decode_percent(std::string_view text);
/// "a=b&c=d+e%21" is a form's text: plus is a space, and what is no escape stays as it is.
std::string decode_form_text(std::string_view text);

/// Invalid sequences become U+FFFD, as with Python's errors="replace".
std::string replace_invalid_utf8(std::string_view bytes);
/// Header fields are bytes: read as Latin-1 they are always text.
std::string utf8_from_latin1(std::string_view bytes);

/// Where the text stops being UTF-8.
struct Utf8Error {
  std::size_t position;  ///< in bytes
  std::size_t size;      ///< how many bytes are wrong together, at least 1
  std::string_view why;  ///< CPython's words
};
std::optional<Utf8Error> find_utf8_error(std::string_view bytes);

/// For a terminal, which obeys control characters, C1 too: they and invalid sequences become \xNN.
/// Tabs stay.
std::string printable(std::string_view bytes);

}  // namespace jwt_auth
