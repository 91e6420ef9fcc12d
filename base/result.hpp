// Errors as values: what went wrong, and what we were doing. Used in any process.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <errno.h>

namespace alicorn {

/// Printed as "context: message", or as the context only if there is no code. If the code reports a
/// lack of memory or of descriptors, the limit follows in brackets.
struct Error {
  std::error_code code;
  std::string context;

  std::string text() const;
};

template <class T>
using Result = tl::expected<T, Error>;

/// An error that has a sentence but no code.
inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected(Error{.code = {}, .context = std::move(message)});
}

/// The error of a system call that has just failed. Takes views, so that nothing is allocated
/// (which could change errno) between the failed call and the reading of errno.
inline tl::unexpected<Error> fail_errno(std::string_view operation, std::string_view object = {}) {
  const std::error_code code(errno, std::system_category());
  std::string context(operation);
  if (!object.empty()) context.append(" ").append(object);
  return tl::unexpected(Error{code, std::move(context)});
}

}  // namespace alicorn
