#include "admin/safe_output.hpp"

#include "text/text.hpp"

#include <string_view>

namespace jwt_auth::admin {

std::streamsize SafeOutput::xsputn(const char* data, std::streamsize size) {
  std::string_view rest(data, static_cast<std::size_t>(size));
  std::string safe;
  while (rest.find('\n') != std::string_view::npos) {
    safe.append(printable(split_first(rest, '\n'))).append(1, '\n');
  }
  safe += printable(rest);
  const auto safe_size = static_cast<std::streamsize>(safe.size());
  return target_->sputn(safe.data(), safe_size) == safe_size ? size : 0;
}

SafeOutput::int_type SafeOutput::overflow(int_type character) {
  if (traits_type::eq_int_type(character, traits_type::eof()))
    return traits_type::not_eof(character);
  const char one = traits_type::to_char_type(character);
  return xsputn(&one, 1) == 1 ? character : traits_type::eof();
}

}  // namespace jwt_auth::admin
