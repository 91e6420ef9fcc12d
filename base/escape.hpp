// Makes untrusted bytes harmless in a log line. Plain functions, used in any process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace alicorn {

enum class Escaping {
  /// For people. Control characters (C1 included, because terminals obey them) and bytes that are
  /// not UTF-8 become \n, \r, \t or \xNN.
  kText,
  /// For text within double quotes. Escapes the quote and the backslash as well.
  kQuoted,
  /// For the inside of a JSON string. A byte that is not UTF-8 becomes the four characters \xNN.
  kJson,
  /// The style of web servers' access logs: quote and backslash are escaped, and every byte outside
  /// 0x20..0x7e becomes \xNN.
  kAscii,
};

/// Would append_escaped() append the text as it is, if there is room?
bool needs_no_escape(std::string_view text, Escaping escaping);

/// Appends while `out` stays within `out_size_max` bytes. Text that does not fit is cut and ends in
/// "..."; the cut never splits a character or an escape. Returns false if the text was cut. A cut
/// text leaves nothing behind if there is room for fewer than three bytes.
bool append_escaped(std::string& out, std::string_view text, Escaping escaping,
                    std::size_t out_size_max = std::string::npos);

}  // namespace alicorn
