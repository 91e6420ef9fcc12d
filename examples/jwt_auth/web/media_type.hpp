// Media types in Accept and Content-Type, compared as in Django REST framework. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth {

/// "multipart/form-data; boundary=x", in lower case except for the values of parameters.
struct MediaType {
  std::string main_type, sub_type;
  std::string_view parameters;  ///< the text after the first semicolon, unchanged

  bool is(std::string_view main, std::string_view sub) const;
  /// The parameter's value without quotes; "" if it is absent.
  std::string parameter(std::string_view name) const;
};

/// `text` must outlive the result.
MediaType parse_media_type(std::string_view text);

/// Whether the client accepts JSON. As in Django, an empty field accepts nothing.
bool accepts_json(std::string_view accept);

}  // namespace jwt_auth
