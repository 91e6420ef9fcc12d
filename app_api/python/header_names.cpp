#include "app_api/python/header_names.hpp"

namespace alicorn::python {
namespace {

std::string variable_of(std::string_view name) {
  std::string variable = "HTTP_";
  for (const char c : name) {
    const bool is_letter = c >= 'a' && c <= 'z';
    variable.push_back(is_letter ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c);
  }
  return variable;
}

}  // namespace

Ref HeaderNames::find(std::string_view lower_case_name) {
  if (const auto known = names_.find(lower_case_name); known != names_.end()) {
    return Ref::share(known->second.get());
  }
  Ref variable = native(variable_of(lower_case_name));
  if (!variable || names_.size() >= kNamesMax) return variable;
  names_.emplace(lower_case_name, Ref::share(variable.get()));
  return variable;
}

}  // namespace alicorn::python
