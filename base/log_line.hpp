// Renders the part of an error log line that the caller chose: message and fields, escaped and cut.
// Plain functions, used in any process.
#pragma once

#include "base/log.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace alicorn::log {

/// Text: `message key=value other="two words"`. JSON: the members `"message":"...","key":"value"`
/// without braces. The result has at most `size_max` bytes: a message that does not fit is cut,
/// fields that do not fit are left out, and "..." takes their place. A field whose name is one of
/// the line's own members gets the prefix "field_".
std::string render_line(Format format, std::string_view message, const Field* fields,
                        std::size_t field_count, std::size_t size_max);

}  // namespace alicorn::log
