#include "web/url.hpp"

#include "text/text.hpp"

namespace jwt_auth {
namespace {

constexpr std::string_view kUnreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";

/// Python's quote().
void append_quoted(std::string_view bytes, std::string_view safe, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char character : bytes) {
    if (kUnreserved.find(character) != std::string_view::npos ||
        safe.find(character) != std::string_view::npos) {
      out += character;
    } else {
      const auto byte = static_cast<unsigned char>(character);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

std::string quoted(std::string_view bytes, std::string_view safe) {
  std::string out;
  append_quoted(bytes, safe, out);
  return out;
}

}  // namespace

std::string path_info(std::string_view path) {
  const std::string decoded = decode_percent(path);
  std::string result;
  std::string_view rest = decoded;
  while (const auto error = find_utf8_error(rest)) {
    result += rest.substr(0, error->position);
    append_quoted(rest.substr(error->position, error->size), {}, result);
    rest.remove_prefix(error->position + error->size);
  }
  return result.append(rest);
}

std::string quote_path(std::string_view path) {
  return quoted(path, "/:@&+$,!*'()");
}

std::string quote_query(std::string_view query) {
  return quoted(utf8_from_latin1(query), "/#%[]=:;$&()+,!?*@'");
}

}  // namespace jwt_auth
