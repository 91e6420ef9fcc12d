// A parsed request head: views into the buffer that the connection read it into. Worker, I/O
// thread.
#pragma once

#include "alicorn/app.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace alicorn {

struct HttpRequest {
  std::string_view method;
  std::int32_t method_id = ALICORN_METHOD_OTHER;
  std::string_view
      target;  ///< as the app sees it: path[?query]; an absolute-form loses scheme and authority
  std::string_view path;
  std::string_view query;      ///< without the '?'
  std::string_view authority;  ///< the Host field, or the authority of an absolute-form target
  std::uint16_t version_major = 1;
  std::uint16_t version_minor = 1;    ///< as sent; 1.2 and higher behave as 1.1
  std::vector<alicorn_field> fields;  ///< names in lower case; order and duplicates kept
  std::vector<alicorn_field>
      trailers;  ///< set when the body has ended; views into the parser until it is reset
  std::int64_t content_length = 0;  ///< 0: no body; -1: chunked
  bool keep_alive = false;          ///< what the client allows, by version and Connection
  bool expects_continue = false;    ///< HTTP/1.1 with Expect: 100-continue and a body

  std::vector<char> rebuilt_target;  ///< for "http://host?query", whose path is not in the buffer

  bool has_body() const { return content_length != 0; }
};

}  // namespace alicorn
