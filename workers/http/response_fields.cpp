#include "workers/http/response_fields.hpp"

#include "base/ascii.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace alicorn {
namespace {

bool is_value_byte(unsigned char byte) {
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/// No CR, LF, NUL or other control byte but the tab. Eight bytes at a time: most values have none
/// below 0x20.
bool is_field_value(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    const std::uint64_t below_space = (word - 0x20 * kOnes) & ~word & kHighBits;
    const std::uint64_t delete_zeroed = word ^ (0x7f * kOnes);
    const std::uint64_t is_delete = (delete_zeroed - kOnes) & ~delete_zeroed & kHighBits;
    if ((below_space | is_delete) == 0) continue;
    for (int i = 0; i < 8; ++i) {
      if (!is_value_byte(static_cast<unsigned char>(at[i]))) return false;
    }
  }
  for (; at != end; ++at) {
    if (!is_value_byte(static_cast<unsigned char>(*at))) return false;
  }
  return true;
}

/// Only for a name that is a token: OR-ing 0x20 also makes a '-' of a CR.
bool names_equal(std::string_view name, std::string_view lower) {
  if (name.size() != lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) | 0x20) != static_cast<unsigned char>(lower[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

// By size first: almost every name is told apart by it.
FieldKind kind_of_field(std::string_view name) {
  const auto is = [name](std::string_view lower, FieldKind kind) {
    return names_equal(name, lower) ? kind : FieldKind::kOrdinary;
  };
  switch (name.size()) {
    case 2:
      return is("te", FieldKind::kHopByHop);
    case 4:
      return is("date", FieldKind::kDate);
    case 6:
      return is("server", FieldKind::kServer);
    case 7:
      return names_equal(name, "upgrade") ? FieldKind::kHopByHop
                                          : is("trailer", FieldKind::kHopByHop);
    case 10:
      return names_equal(name, "connection") ? FieldKind::kHopByHop
                                             : is("keep-alive", FieldKind::kHopByHop);
    case 14:
      return is("content-length", FieldKind::kContentLength);
    case 16:
      return is("proxy-connection", FieldKind::kHopByHop);
    case 17:
      return is("transfer-encoding", FieldKind::kHopByHop);
    default:
      return FieldKind::kOrdinary;
  }
}

bool is_forbidden_response_trailer(std::string_view name) {
  static constexpr std::string_view kForbidden[] = {
      // framing, routing
      "content-length", "host", "max-forwards",
      // request modifiers
      "cache-control", "expect", "pragma", "range", "if-match", "if-none-match",
      "if-modified-since", "if-unmodified-since", "if-range",
      // authentication
      "authorization", "authentication-info", "cookie", "proxy-authenticate",
      "proxy-authentication-info", "proxy-authorization", "set-cookie", "www-authenticate",
      // control of the response
      "age", "date", "expires", "location", "retry-after", "server", "vary", "warning",
      // how the content is to be read
      "content-encoding", "content-range", "content-type", "content-disposition",
      "content-security-policy", "strict-transport-security"};
  return kind_of_field(name) == FieldKind::kHopByHop ||
         std::any_of(std::begin(kForbidden), std::end(kForbidden),
                     [name](std::string_view lower) { return names_equal(name, lower); });
}

bool check_response_field(const alicorn_field& field, ResponseField& checked,
                          std::string_view& why) {
  if ((field.name.data == nullptr && field.name.size != 0) ||
      (field.value.data == nullptr && field.value.size != 0)) {
    why = "a header is a null pointer with a size";
    return false;
  }
  if (is_impossible(field.name.size) || is_impossible(field.value.size)) {
    why = "a header is larger than any memory";
    return false;
  }
  checked.name = as_view(field.name);
  checked.value = as_view(field.value);
  if (!is_token(checked.name)) {
    why = "a header name is empty or no token";
    return false;
  }
  if (!is_field_value(checked.value)) {
    why = "a header value has a control character in it";
    return false;
  }
  checked.value = trim_ows(checked.value);
  return true;
}

}  // namespace alicorn
