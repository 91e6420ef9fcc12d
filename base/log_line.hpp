// The part of an error log line that its writer chose: message and fields, escaped and cut. Plain
// functions. Any process.
#pragma once

#include "base/log.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace alicorn::log {

/// Text: `message key=value other="two words"`. JSON: the members `"message":"...","key":"value"`,
/// without braces. At most `size_max` bytes: fields that do not fit are left out, a message is cut,
/// each with "..." in its place. A field that has the name of one of the line's own members gets
/// "field_" before it.
std::string render_line(Format format, std::string_view message, const Field* fields,
                        std::size_t field_count, std::size_t size_max);

}  // namespace alicorn::log
