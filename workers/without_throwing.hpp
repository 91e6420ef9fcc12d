// Turns what the standard library throws for lack of memory or threads into an Error. Used
// before a worker serves; app code never runs unguarded in here. Worker, zygote.
#pragma once

#include "base/result.hpp"

#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace alicorn {

/// `function` returns a Result. `what` names its purpose for the error text.
template <class Function>
auto without_throwing(std::string_view what, Function function) -> decltype(function()) {
  const auto error = [what](int number) {
    return tl::unexpected(
        Error{std::error_code(number, std::system_category()), std::string(what)});
  };
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return error(ENOMEM);
  } catch (const std::system_error& thrown) {
    return error(thrown.code().value());
  }
}

}  // namespace alicorn
