#include "base/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace alicorn {
namespace {

constexpr std::string_view kEllipsis = "...";

/// One input character and its output.
struct Unit {
  std::size_t size = 1;
  std::array<char, 12> text{};
  std::size_t text_size = 0;

  void add(std::string_view bytes) {
    text_size = static_cast<std::size_t>(
        std::copy(bytes.begin(), bytes.end(), text.begin() + text_size) - text.begin());
  }
  void add_hex(unsigned char byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text[text_size++] = kDigits[byte >> 4];
    text[text_size++] = kDigits[byte & 0xf];
  }
};

/// Tells which bytes need no escape: bit 0 for kText, bit 1 for the other styles.
constexpr std::array<std::uint8_t, 256> plain_bytes() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t byte = 0x20; byte < 0x7f; ++byte) table[byte] = 3;
  table['"'] = table['\\'] = 1;
  return table;
}
constexpr std::array<std::uint8_t, 256> kPlainBytes = plain_bytes();

/// Number of bytes at the start of `text` that need no escape. Checks eight at a time, because most
/// texts need no escape at all.
std::size_t plain_size(std::string_view text, Escaping escaping) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  // Non-zero if a byte of the word is 0.
  const auto zeroes = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighBits; };
  std::size_t size = 0;
  for (; text.size() - size >= sizeof(std::uint64_t); size += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + size, sizeof(word));
    const std::uint64_t suspicious = (word & kHighBits) | ((word - 0x20 * kOnes) & kHighBits) |
                                     zeroes(word ^ (0x7f * kOnes)) | zeroes(word ^ ('"' * kOnes)) |
                                     zeroes(word ^ ('\\' * kOnes));
    if (suspicious != 0) break;
  }
  const std::uint8_t bit = escaping == Escaping::kText ? 1 : 2;
  while (size < text.size() && (kPlainBytes[static_cast<unsigned char>(text[size])] & bit) != 0) {
    ++size;
  }
  return size;
}

/// Size of the well-formed UTF-8 sequence (RFC 3629) at the start of `text`; 0 if there is none.
std::size_t utf8_size(std::string_view text) {
  const auto byte_at = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned first = byte_at(0);
  const auto continues = [&](std::size_t i) { return (byte_at(i) & 0xc0) == 0x80; };
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    // No overlong forms, no surrogates.
    const bool allowed =
        (first != 0xe0 || byte_at(1) >= 0xa0) && (first != 0xed || byte_at(1) < 0xa0);
    return allowed && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool allowed =
        (first != 0xf0 || byte_at(1) >= 0x90) && (first != 0xf4 || byte_at(1) < 0x90);
    return allowed && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void add_control(Unit& unit, unsigned char byte, Escaping escaping) {
  if (byte == '\n' && escaping != Escaping::kAscii) return unit.add("\\n");
  if (byte == '\r' && escaping != Escaping::kAscii) return unit.add("\\r");
  if (byte == '\t' && escaping != Escaping::kAscii) return unit.add("\\t");
  unit.add(escaping == Escaping::kJson ? "\\u00" : "\\x");
  unit.add_hex(byte);
}

/// Escapes the first character of a text that does not begin with a plain byte.
Unit escape_first(std::string_view text, Escaping escaping) {
  Unit unit;
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte == '"' || byte == '\\') {
    unit.add("\\");
    unit.add(text.substr(0, 1));
    return unit;
  }
  if (byte < 0x20 || byte == 0x7f) {
    add_control(unit, byte, escaping);
    return unit;
  }
  const std::size_t size = escaping == Escaping::kAscii ? 0 : utf8_size(text);
  const bool is_c1 = size == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  if (size == 0) {
    unit.add(escaping == Escaping::kJson ? "\\\\x" : "\\x");
    unit.add_hex(byte);
  } else if (is_c1) {
    unit.size = 2;
    unit.add(escaping == Escaping::kJson ? "\\u00" : "\\xc2\\x");
    unit.add_hex(static_cast<unsigned char>(text[1]));
  } else {
    unit.size = size;
    unit.add(text.substr(0, size));
  }
  return unit;
}

}  // namespace

bool needs_no_escape(std::string_view text, Escaping escaping) {
  return plain_size(text, escaping) == text.size();
}

bool append_escaped(std::string& out, std::string_view text, Escaping escaping,
                    std::size_t out_size_max) {
  const std::size_t start = out.size();
  out_size_max = std::max(out_size_max, start);
  // `cut_max` is the latest position of the ellipsis; `cut_at` is the last end of a character
  // before it.
  const std::size_t cut_max =
      std::max(start, out_size_max - std::min(out_size_max, kEllipsis.size()));
  std::size_t cut_at = start;
  const auto cut = [&] {
    out.resize(cut_at);
    if (out_size_max - cut_at >= kEllipsis.size()) out.append(kEllipsis);
    return false;
  };
  while (!text.empty()) {
    const std::size_t plain = plain_size(text, escaping);
    const std::size_t fitting = std::min(plain, out_size_max - out.size());
    if (out.size() <= cut_max) cut_at = std::min(cut_max, out.size() + fitting);
    out.append(text.substr(0, fitting));
    if (fitting < plain) return cut();
    text.remove_prefix(plain);
    if (text.empty()) break;

    const Unit unit = escape_first(text, escaping);
    if (unit.text_size > out_size_max - out.size()) return cut();
    out.append(unit.text.data(), unit.text_size);
    if (out.size() <= cut_max) cut_at = out.size();
    text.remove_prefix(unit.size);
  }
  return true;
}

}  // namespace alicorn
