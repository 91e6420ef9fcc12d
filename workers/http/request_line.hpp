// The first line of a request, parsed by ourselves, because llhttp knows only a closed list of
// methods and versions (docs/decisions/0001-request-line.md). Plain functions. Worker.
#pragma once

#include "workers/http/rules.hpp"

#include <cstdint>
#include <string_view>

namespace alicorn {

/// A part of a buffer that may still move.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;

  std::string_view in(const char* buffer) const { return {buffer + begin, size}; }
};

struct RequestLine {
  enum class Form { kOrigin, kAbsolute, kAsterisk };

  Span method;
  std::int32_t method_id = 0;  ///< ALICORN_METHOD_...
  Form form = Form::kOrigin;
  Span authority;  ///< of the absolute form
  Span target;     ///< path and query; of the absolute form what follows the authority: "" is
                   ///< possible, or "?x"
  std::uint32_t path_size = 0;
  bool has_query = false;
  std::uint16_t version_minor = 0;  ///< as sent; the major is 1

  bool at_least_1_1() const { return version_minor >= 1; }
};

/// `line` is without its CRLF. The spans count from its first byte.
Rejection parse_request_line(std::string_view line, RequestLine& out);

}  // namespace alicorn
