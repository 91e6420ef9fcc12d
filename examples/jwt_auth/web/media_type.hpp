// Media types in Accept and Content-Type, compared as Django REST framework does. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace jwt_auth {

/// "multipart/form-data; boundary=x", in lower case but for the parameters' values.
struct MediaType {
  std::string main_type, sub_type;
  std::string_view parameters;  ///< what follows the first semicolon, as it came

  bool is(std::string_view main, std::string_view sub) const;
  /// The parameter's value without its quotes, "" without it.
  std::string parameter(std::string_view name) const;
};

/// `text` must outlive the result.
MediaType parse_media_type(std::string_view text);

/// Whether a JSON answer is acceptable. An empty field accepts nothing, as in Django.
bool accepts_json(std::string_view accept);

}  // namespace jwt_auth
