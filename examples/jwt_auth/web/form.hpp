// application/x-www-form-urlencoded, the fields in their order. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jwt_auth {

/// Of any kind of body: Django's DATA_UPLOAD_MAX_NUMBER_FIELDS.
constexpr std::size_t kFormFieldsMax = 1000;
/// Of any kind of body: a token of that size is not read either (kTokenBytesMax).
constexpr std::size_t kBodyBytesMax = 64 << 10;

/// No table: names that a client chose are only ever compared with those that are looked for.
using FormFields = std::vector<std::pair<std::string, std::string>>;

/// Nullopt: more than kFormFieldsMax fields.
std::optional<FormFields> parse_form(std::string_view body);

/// The value of the last field of that name; null: there is none.
const std::string* last_field(const FormFields& fields, std::string_view name);

}  // namespace jwt_auth
