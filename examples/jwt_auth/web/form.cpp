#include "web/form.hpp"

#include "text/text.hpp"

#include <algorithm>

namespace jwt_auth {

std::optional<FormFields> parse_form(std::string_view body) {
  FormFields fields;
  while (!body.empty()) {
    std::string_view pair = split_first(body, '&');
    if (pair.empty()) continue;
    if (fields.size() == kFormFieldsMax) return std::nullopt;
    std::string name = decode_form_text(split_first(pair, '='));
    fields.emplace_back(std::move(name), decode_form_text(pair));
  }
  return fields;
}

const std::string* last_field(const FormFields& fields, std::string_view name) {
  const auto found = std::find_if(fields.rbegin(), fields.rend(),
                                  [&](const auto& field) { return field.first == name; });
  return found == fields.rend() ? nullptr : &found->second;
}

}  // namespace jwt_auth
