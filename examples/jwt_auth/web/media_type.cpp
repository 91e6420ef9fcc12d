#include "web/media_type.hpp"

#include "text/text.hpp"

namespace jwt_auth {

bool MediaType::is(std::string_view main, std::string_view sub) const {
  const auto fits = [](std::string_view ours, std::string_view theirs) {
    return theirs == "*" || ours == theirs;
  };
  return fits(main, main_type) && fits(sub, sub_type);
}

std::string MediaType::parameter(std::string_view name) const {
  std::string_view rest = parameters;
  while (!rest.empty()) {
    std::string_view part = split_first(rest, ';');
    const std::string_view key = trim_blanks(split_first(part, '='));
    if (lower_case(key) != name) continue;
    std::string_view value = trim_blanks(part);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return "";
}

MediaType parse_media_type(std::string_view text) {
  std::string_view full = trim_blanks(split_first(text, ';'));
  MediaType result;
  result.main_type = lower_case(split_first(full, '/'));
  result.sub_type = lower_case(full);
  result.parameters = text;
  return result;
}

bool accepts_json(std::string_view accept) {
  do {
    if (parse_media_type(split_first(accept, ',')).is("application", "json")) return true;
  } while (!accept.empty());
  return false;
}

}  // namespace jwt_auth
