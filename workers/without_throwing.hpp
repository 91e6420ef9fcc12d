// Turns what the standard library and Asio throw for lack of memory, threads or descriptors into an
// Error. Used before a worker serves; app code never runs unguarded in here. Worker, zygote.
#pragma once

#include "base/result.hpp"

#include <boost/system/system_error.hpp>

#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace alicorn {

/// `function` returns a Result. `what` names its purpose for the error text.
template <class Function>
auto without_throwing(std::string_view what, Function function) -> decltype(function()) {
  const auto error = [what](int number, std::string_view where) {
    return tl::unexpected(
        Error{std::error_code(number, std::system_category()), std::string(what).append(where)});
  };
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return error(ENOMEM, "");
  } catch (const boost::system::system_error& thrown) {
    // Reduce "epoll: Too many open files" to the call.
    const std::string_view text = thrown.what();
    const std::string call(text.substr(0, text.find(':')));
    return error(thrown.code().value(), ": " + call);
  } catch (const std::system_error& thrown) {
    return error(thrown.code().value(), "");
  }
}

}  // namespace alicorn
