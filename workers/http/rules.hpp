// The checks on single parts of a request that llhttp leaves to its user, except those that the
// test host makes too (alicorn/detail/rules.hpp). Plain functions. Worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace alicorn {

/// Why a request is refused. `status` 0: it is not refused.
struct Rejection {
  int status = 0;
  const char* reason = "";  ///< for the log: static text, no bytes from the client

  explicit operator bool() const { return status != 0; }
};

/// uri-host [":" port], as in Host and an absolute-form target. Stricter than RFC 3986 in two
/// points: no comma (a front server may have folded two hosts into one) and no address of a future
/// version.
bool is_host(std::string_view text);

/// Removes the first element, trimmed, from a comma-separated list; false when the list is used up.
bool next_element(std::optional<std::string_view>& list, std::string_view& element);

/// Lowers a token in place. Says whether it contains an underscore.
bool lower_token(char* text, std::size_t size);

/// Takes a lower-case name. A length or coding that follows the body contradicts how the body was
/// read. No client sends it deliberately, so the request is refused; the field is not just dropped.
bool is_framing_field(std::string_view name);

}  // namespace alicorn
