#include "web/multipart.hpp"

#include "text/text.hpp"
#include "web/form.hpp"
#include "web/media_type.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

std::optional<FormPart> parse_part(std::string_view text) {
  FormPart part;
  bool has_name = false;
  while (true) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty()) break;
    if (lower_case(trim_blanks(split_first(line, ':'))) != "content-disposition") continue;
    const MediaType disposition = parse_media_type(line);
    if (disposition.main_type != "form-data") continue;
    part.name = trim_blanks(disposition.parameter("name"));
    part.is_file = !disposition.parameter("filename").empty();
    has_name = !part.name.empty();
  }
  if (!has_name) return std::nullopt;
  part.value = replace_invalid_utf8(text);
  return part;
}

}  // namespace

bool is_boundary(std::string_view boundary) {
  // RFC 2046 section 5.1.1: bchars; a space may not come last.
  static constexpr std::string_view kOther = "'()+_,-./:=? ";
  const auto is_allowed = [](char character) {
    const char lower = static_cast<char>(character | 0x20);
    return (character >= '0' && character <= '9') || (lower >= 'a' && lower <= 'z') ||
           kOther.find(character) != std::string_view::npos;
  };
  return !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
         std::all_of(boundary.begin(), boundary.end(), is_allowed);
}

std::optional<std::vector<FormPart>> parse_multipart(std::string_view body,
                                                     std::string_view boundary) {
  const std::string delimiter = "\r\n--" + std::string(boundary);
  // The first delimiter may be at the very start, without its line end.
  std::size_t at = body.starts_with(std::string_view(delimiter).substr(2)) ? delimiter.size() - 2
                                                                           : body.find(delimiter);
  if (at == std::string_view::npos) return std::vector<FormPart>();
  if (!body.starts_with(std::string_view(delimiter).substr(2))) at += delimiter.size();
  std::vector<FormPart> parts;
  while (true) {
    body.remove_prefix(at);
    const std::size_t line_end = body.find("\r\n");
    if (body.starts_with("--") || line_end == std::string_view::npos) return parts;
    // The text in between is padding.
    body.remove_prefix(line_end);
    const std::size_t end = body.find(delimiter);
    if (end == std::string_view::npos) return parts;
    if (parts.size() == kFormFieldsMax) return std::nullopt;
    // A part without header fields begins with the empty line.
    if (end >= 2) {
      if (auto part = parse_part(body.substr(2, end - 2))) parts.push_back(std::move(*part));
    }
    at = end + delimiter.size();
  }
}

}  // namespace jwt_auth
