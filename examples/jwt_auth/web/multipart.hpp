// multipart/form-data (RFC 7578), as far as Django reads it. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

struct FormPart {
  std::string name;
  std::string value;
  bool is_file = false;
};

/// A boundary is 1 to 70 characters (RFC 2046 section 5.1.1).
bool is_boundary(std::string_view boundary);

/// Parts without a name are left out, as is everything after a truncated part. Nullopt: more than
/// kFormFieldsMax parts.
std::optional<std::vector<FormPart>> parse_multipart(std::string_view body,
                                                     std::string_view boundary);

}  // namespace jwt_auth
