// application/x-www-form-urlencoded, the fields in their order. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jwt_auth {

/// Of any kind of form: Django's DATA_UPLOAD_MAX_NUMBER_FIELDS. Without it, a body of some MiB
/// becomes millions of names, and many times its size in memory.
constexpr std::size_t kFormFieldsMax = 1000;

using FormFields = std::vector<std::pair<std::string, std::string>>;

/// Nullopt: more than kFormFieldsMax fields.
std::optional<FormFields> parse_form(std::string_view body);

}  // namespace jwt_auth
