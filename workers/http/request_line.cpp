#include "workers/http/request_line.hpp"

#include "alicorn/app.h"
#include "alicorn/detail/rules.hpp"
#include "base/ascii.hpp"

#include <cstddef>

namespace alicorn {
namespace {

constexpr std::string_view kVersionShape = " HTTP/1.1";

constexpr Rejection kNoMethod{400, "the method is no token"};
constexpr Rejection kBadVersion{400, "no well-formed HTTP version"};
constexpr Rejection kOtherVersion{505, "HTTP version is not 1.x"};
constexpr Rejection kConnect{405, "CONNECT is for proxies"};
constexpr Rejection kBadTarget{400, "malformed request target"};

/// The last nine bytes of a line.
Rejection parse_version(std::string_view text, RequestLine& out) {
  if (!text.starts_with(" HTTP/") || !is_digit(text[6]) || text[7] != '.' || !is_digit(text[8])) {
    return kBadVersion;
  }
  if (text[6] != '1') return kOtherVersion;
  out.version_minor = static_cast<std::uint16_t>(text[8] - '0');
  return {};
}

/// Path and query: visible ASCII without '#'. Like every server in use, we accept characters that
/// RFC 3986 wants percent-encoded ("|", "{", ...): real clients send them, and they affect neither
/// framing nor routing here.
Rejection parse_path(std::string_view text, RequestLine& out) {
  std::size_t query = text.npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c <= ' ' || c >= 0x7f || c == '#') return kBadTarget;
    if (c == '?' && query == text.npos) query = i;
  }
  out.has_query = query != text.npos;
  out.path_size = static_cast<std::uint32_t>(out.has_query ? query : text.size());
  return {};
}

/// Removes "http://" or "https://" from the front; false: another scheme, or none.
bool cut_scheme(std::string_view& target) {
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://")}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      return true;
    }
  }
  return false;
}

Rejection parse_target(std::string_view line, Span span, RequestLine& out) {
  std::string_view rest = span.in(line.data());
  if (rest == "*") {
    if (out.method_id != ALICORN_METHOD_OPTIONS) return {400, "asterisk-form is for OPTIONS"};
    out.form = RequestLine::Form::kAsterisk;
    out.path_size = 1;
    out.target = span;
    return {};
  }
  if (!rest.starts_with('/')) {
    if (!cut_scheme(rest)) return kBadTarget;
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (!is_host(authority)) return {400, "malformed authority in the request target"};
    out.form = RequestLine::Form::kAbsolute;
    out.authority = {static_cast<std::uint32_t>(authority.data() - line.data()),
                     static_cast<std::uint32_t>(authority.size())};
    rest.remove_prefix(authority.size());
  }
  out.target = {static_cast<std::uint32_t>(rest.data() - line.data()),
                static_cast<std::uint32_t>(rest.size())};
  return parse_path(rest, out);
}

}  // namespace

Rejection parse_request_line(std::string_view line, RequestLine& out) {
  out = {};
  std::size_t method_size = 0;
  while (method_size < line.size() && is_token_char(line[method_size])) ++method_size;
  if (method_size == 0 || method_size == line.size() || line[method_size] != ' ') return kNoMethod;
  const std::size_t target_begin = method_size + 1;
  if (line.size() <= target_begin + kVersionShape.size()) return kBadVersion;
  const std::size_t target_end = line.size() - kVersionShape.size();
  if (const Rejection bad = parse_version(line.substr(target_end), out)) return bad;

  out.method = {0, static_cast<std::uint32_t>(method_size)};
  const std::string_view method = line.substr(0, method_size);
  if (method == "CONNECT") return kConnect;
  out.method_id = rules::method_id_of(method);
  return parse_target(line,
                      {static_cast<std::uint32_t>(target_begin),
                       static_cast<std::uint32_t>(target_end - target_begin)},
                      out);
}

}  // namespace alicorn
