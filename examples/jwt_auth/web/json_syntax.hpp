// Reports JSON errors in the words of CPython's json module, which clients of Django REST framework
// see. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// "Expecting value: line 1 column 1 (char 0)". Nullopt if CPython accepts the text (valid UTF-8)
/// as JSON: that includes numbers of any size, but not NaN and Infinity, which Django REST
/// framework turns off. Nesting deeper than we look is an error, too.
std::optional<std::string> find_json_error(std::string_view utf8);

}  // namespace jwt_auth
