// The words in which CPython's json module refuses a text: clients of Django REST framework see
// them. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace jwt_auth {

/// "Expecting value: line 1 column 1 (char 0)"; nullopt if the text (valid UTF-8) is what CPython
/// takes for JSON, which includes numbers of any size, but not NaN and Infinity, which Django REST
/// framework turns off; or nested deeper than we look.
std::optional<std::string> find_json_error(std::string_view utf8);

}  // namespace jwt_auth
