#include "web/form.hpp"

#include "text/text.hpp"

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

}  // namespace jwt_auth
