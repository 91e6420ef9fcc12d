// The checks on single parts of a request that llhttp leaves to its user, but for those that the
// test host makes, too (alicorn/detail/rules.hpp). Plain functions. Worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace alicorn {

/// Why a request is refused. `status` 0: it is not.
struct Rejection {
  int status = 0;
  const char* reason = "";  ///< for the log: static text, no bytes of the client

  explicit operator bool() const { return status != 0; }
};

/// uri-host [":" port], as Host and an absolute-form target carry it. Stricter than RFC 3986 in two
/// points: no comma (two hosts folded into one by a front server) and no address of a future
/// version.
bool is_host(std::string_view text);

/// Cuts the first element, trimmed, off a comma-separated list; false when the list is used up.
bool next_element(std::optional<std::string_view>& list, std::string_view& element);

/// In place; of a token. Says whether an underscore is among its bytes.
bool lower_token(char* text, std::size_t size);

/// Takes a lower-case name. A length or a coding of the body that comes behind the body contradicts
/// what the body was read by. No client means it, so it is refused and not dropped.
bool is_framing_field(std::string_view name);

}  // namespace alicorn
