// Parses application/x-www-form-urlencoded; the fields keep their order. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jwt_auth {

/// The limit for every kind of body: Django's DATA_UPLOAD_MAX_NUMBER_FIELDS.
constexpr std::size_t kFormFieldsMax = 1000;
/// The limit for every kind of body, the same as for a token (kTokenBytesMax).
constexpr std::size_t kBodyBytesMax = 64 << 10;

/// Not a hash table: names chosen by a client are only compared with the names that we look for.
using FormFields = std::vector<std::pair<std::string, std::string>>;

/// Nullopt: more than kFormFieldsMax fields.
std::optional<FormFields> parse_form(std::string_view body);

/// The value of the last field with that name; null if there is none.
const std::string* last_field(const FormFields& fields, std::string_view name);

}  // namespace jwt_auth
