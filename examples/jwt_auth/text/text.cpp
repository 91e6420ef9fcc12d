#include "text/text.hpp"

#include <algorithm>
#include <array>

namespace jwt_auth {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// The length of the white-space character at the start, 0 if there is none. White space is what
/// Python's str.isspace() says.
std::size_t leading_white_space(std::string_view utf8) {
  if (utf8.empty()) return 0;
  const unsigned first = byte_at(utf8, 0);
  if (first == ' ' || (first >= 0x09 && first <= 0x0D) || (first >= 0x1C && first <= 0x1F)) {
    return 1;
  }
  static constexpr std::array<std::string_view, 2> kTwo{"\u0085", "\u00A0"};
  static constexpr std::array<std::string_view, 17> kThree{
      "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
      "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
  for (const auto character : kTwo) {
    if (utf8.starts_with(character)) return character.size();
  }
  for (const auto character : kThree) {
    if (utf8.starts_with(character)) return character.size();
  }
  return 0;
}

std::size_t trailing_white_space(std::string_view utf8) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(3, utf8.size()); ++size) {
    if (leading_white_space(utf8.substr(utf8.size() - size)) == size) return size;
  }
  return 0;
}

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  const char lower = static_cast<char>(character | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The sequence length that a first byte announces, 0 for a byte that cannot start a sequence, and
/// the range of the second byte (RFC 3629 section 4).
struct Lead {
  std::size_t size;
  unsigned low, high;
};
Lead lead_of(unsigned byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2 || byte > 0xF4) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte < 0xF0) return {3, byte == 0xE0 ? 0xA0u : 0x80u, byte == 0xED ? 0x9Fu : 0xBFu};
  return {4, byte == 0xF0 ? 0x90u : 0x80u, byte == 0xF4 ? 0x8Fu : 0xBFu};
}

void append_hex(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out.append("\\x").append({kDigits[byte_at(bytes, i) >> 4], kDigits[byte_at(bytes, i) & 15]});
  }
}

/// The length of the control character at the start, 0 if there is none.
std::size_t control_size(std::string_view utf8) {
  const unsigned first = byte_at(utf8, 0);
  if (first < 0x20) return first == '\t' ? 0 : 1;
  if (first == 0x7F) return 1;
  return first == 0xC2 && byte_at(utf8, 1) < 0xA0 ? 2 : 0;
}

}  // namespace

std::string_view split_first(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view first = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return first;
}

std::string_view trim_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view trim_white_space(std::string_view utf8) {
  while (const std::size_t size = leading_white_space(utf8)) utf8.remove_prefix(size);
  while (const std::size_t size = trailing_white_space(utf8)) utf8.remove_suffix(size);
  return utf8;
}

std::string lower_case(std::string_view ascii) {
  std::string result(ascii);
  for (char& character : result) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character | 0x20);
  }
  return result;
}

std::string decode_percent(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                           hex_digit(text[i + 2]) >= 0;
    if (is_escape) {
      bytes += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

std::string decode_form_text(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return replace_invalid_utf8(decode_percent(spaced));
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string result;
  while (const auto error = find_utf8_error(bytes)) {
    result.append(bytes.substr(0, error->position)).append("\uFFFD");
    bytes.remove_prefix(error->position + error->size);
  }
  return result.append(bytes);
}

std::string utf8_from_latin1(std::string_view bytes) {
  std::string result;
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x80) {
      result += character;
    } else {
      result += static_cast<char>(0xC0 | (byte >> 6));
      result += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return result;
}

std::optional<Utf8Error> find_utf8_error(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const Lead lead = lead_of(byte_at(bytes, at));
    if (lead.size == 0) return Utf8Error{at, 1, "invalid start byte"};
    for (std::size_t i = 1; i < lead.size; ++i) {
      if (at + i == bytes.size()) return Utf8Error{at, i, "unexpected end of data"};
      const unsigned byte = byte_at(bytes, at + i);
      const unsigned low = i == 1 ? lead.low : 0x80;
      const unsigned high = i == 1 ? lead.high : 0xBF;
      if (byte < low || byte > high) return Utf8Error{at, i, "invalid continuation byte"};
    }
    at += lead.size;
  }
  return std::nullopt;
}

std::string printable(std::string_view bytes) {
  std::string result;
  while (!bytes.empty()) {
    const auto error = find_utf8_error(bytes);
    const std::size_t end = error ? error->position : bytes.size();
    for (std::size_t i = 0; i < end;) {
      const std::size_t size = control_size(bytes.substr(i));
      if (size == 0) {
        result += bytes[i++];
      } else {
        append_hex(bytes.substr(i, size), result);
        i += size;
      }
    }
    bytes.remove_prefix(end);
    if (!error) continue;
    append_hex(bytes.substr(0, error->size), result);
    bytes.remove_prefix(error->size);
  }
  return result;
}

}  // namespace jwt_auth
