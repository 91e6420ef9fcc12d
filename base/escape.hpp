// Makes bytes of strangers harmless in a log line. Plain functions. Any process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace alicorn {

enum class Escaping {
  /// For people: control characters (C1 too: terminals obey them) and bytes that are not UTF-8
  /// become \n, \r, \t or \xNN.
  kText,
  /// Within double quotes: besides these, the quote and the backslash.
  kQuoted,
  /// The inside of a JSON string. A byte that is not UTF-8 becomes the four characters \xNN.
  kJson,
  /// As web servers' access logs do it: quote and backslash escaped, every byte outside of
  /// 0x20..0x7e as \xNN.
  kAscii,
};

/// Appends while `out` stays within `out_size_max` bytes; what does not fit is cut, never within a
/// character or an escape, and ends in "...". False when it was cut; a room of less than three
/// bytes stays empty then.
bool append_escaped(std::string& out, std::string_view text, Escaping escaping,
                    std::size_t out_size_max = std::string::npos);

}  // namespace alicorn
