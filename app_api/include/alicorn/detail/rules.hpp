// The rules of HTTP that the server and the test host share: what an app may answer, and which
// parts of a request it is given. Not for apps. Plain functions. Worker, any app thread; the test's
// process.
#pragma once

#include "alicorn/app.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

namespace alicorn {
inline namespace app_v1 {
/// Not in `detail`: otherwise a namespace alicorn::detail of the server would become this inline
/// one.
namespace rules {

/// No object can be larger. A larger size is a mistake of the app, and would wrap in a sum.
inline constexpr std::size_t kSizeMax = PTRDIFF_MAX;
constexpr bool is_impossible(std::size_t size) {
  return size > kSizeMax;
}

inline constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> bytes{};
  for (const char c :
       std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
                        "yz!#$%&'*+-.^_`|~")) {
    bytes[static_cast<unsigned char>(c)] = true;
  }
  return bytes;
}();

/// Eight bytes: are all of them letters or hyphens?
inline bool are_letters(const char* text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof(word));
  // What a sum or a difference carries out of a byte below 0x80 stays within the byte.
  const std::uint64_t lower = (word | 0x20 * kOnes) & ~kHighBits;
  const std::uint64_t letters =
      (lower + (0x80 - 'a') * kOnes) & ~(lower + (0x80 - 'z' - 1) * kOnes);
  const std::uint64_t hyphens = kHighBits - ((word & ~kHighBits) ^ ('-' * kOnes));
  return ((letters | hyphens) & ~word & kHighBits) == kHighBits;
}

/// 1*tchar (RFC 9110, section 5.6.2). Looks at eight bytes at a time: most names consist of letters
/// and hyphens.
constexpr bool is_token(std::string_view text) {
  if (!std::is_constant_evaluated() && text.size() >= 8 && text.size() <= 16 &&
      are_letters(text.data()) && are_letters(text.data() + text.size() - 8)) {
    return true;
  }
  bool good = !text.empty();
  for (const char c : text) good &= kTokenBytes[static_cast<unsigned char>(c)];
  return good;
}

constexpr bool is_value_byte(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
}

/// No CR, LF, NUL or other control byte except the tab. Looks at eight bytes at a time: most values
/// have no byte below 0x20.
inline bool is_field_value(std::string_view text) {
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
      if (!is_value_byte(at[i])) return false;
    }
  }
  for (; at != end; ++at) {
    if (!is_value_byte(*at)) return false;
  }
  return true;
}

/// Returns the text without the blanks and tabs at both ends.
constexpr std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// A field of an app after the check: views into the field.
struct CheckedField {
  std::string_view name;   ///< a token
  std::string_view value;  ///< without the blanks around it, which a recipient would drop
};

enum class FieldFault : std::uint8_t { kNone, kNullWithSize, kImpossibleSize, kName, kValue };

/// The strings may be NULL with a size, or larger than any memory. From the fault kName on,
/// `checked` has the name, and from kValue on, the value.
inline FieldFault check_field(const alicorn_field& field, CheckedField& checked) {
  const auto& [name, value] = field;
  if ((name.data == nullptr && name.size != 0) || (value.data == nullptr && value.size != 0)) {
    return FieldFault::kNullWithSize;
  }
  if (is_impossible(name.size) || is_impossible(value.size)) return FieldFault::kImpossibleSize;
  checked.name = {name.data, name.size};
  if (!is_token(checked.name)) return FieldFault::kName;
  checked.value = {value.data, value.size};
  if (!is_field_value(checked.value)) return FieldFault::kValue;
  checked.value = trim(checked.value);
  return FieldFault::kNone;
}

/// `name` must be a token, because OR-ing 0x20 also turns a CR into a '-'. Ignores case.
constexpr bool is_named(std::string_view name, std::string_view lower) {
  if (name.size() != lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) | 0x20) != static_cast<unsigned char>(lower[i])) {
      return false;
    }
  }
  return true;
}

/// Hop-by-hop fields may only be written by the server.
enum class FieldKind : std::uint8_t { kOrdinary, kHopByHop, kContentLength, kDate, kServer };

/// The kind of a token; ignores case. Compares the size first: this alone rules out almost every
/// name.
constexpr FieldKind kind_of_field(std::string_view name) {
  const auto is = [name](std::string_view lower, FieldKind kind) {
    return is_named(name, lower) ? kind : FieldKind::kOrdinary;
  };
  switch (name.size()) {
    case 2:
      return is("te", FieldKind::kHopByHop);
    case 4:
      return is("date", FieldKind::kDate);
    case 6:
      return is("server", FieldKind::kServer);
    case 7:
      return is_named(name, "upgrade") ? FieldKind::kHopByHop : is("trailer", FieldKind::kHopByHop);
    case 10:
      return is_named(name, "connection") ? FieldKind::kHopByHop
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

/// Must a response not have this trailer? Forbidden are fields that a recipient acts on before the
/// body, that say where the body ends (RFC 9110, section 6.5.1), or that are hop-by-hop. Ignores
/// case.
inline bool is_forbidden_trailer(std::string_view name) {
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
      // how to read the content
      "content-encoding", "content-range", "content-type", "content-disposition",
      "content-security-policy", "strict-transport-security"};
  return kind_of_field(name) == FieldKind::kHopByHop ||
         std::any_of(std::begin(kForbidden), std::end(kForbidden),
                     [name](std::string_view lower) { return is_named(name, lower); });
}

/// Must this trailer of a request be dropped? A field that frames, routes, authenticates or
/// describes content is meaningless when it comes late, so the app is not given it. Takes a
/// lower-case name.
inline bool is_dropped_trailer(std::string_view name) {
  // RFC 9110 section 6.5.1. Sorted, for the search. Fields that RFC 9530 made for trailers do not
  // count as descriptions of content here.
  static constexpr std::string_view kDropped[] = {"age",
                                                  "authorization",
                                                  "cache-control",
                                                  "connection",
                                                  "cookie",
                                                  "date",
                                                  "expect",
                                                  "expires",
                                                  "forwarded",
                                                  "host",
                                                  "http2-settings",
                                                  "if-match",
                                                  "if-modified-since",
                                                  "if-none-match",
                                                  "if-range",
                                                  "if-unmodified-since",
                                                  "keep-alive",
                                                  "location",
                                                  "max-forwards",
                                                  "pragma",
                                                  "proxy-authenticate",
                                                  "proxy-authorization",
                                                  "proxy-connection",
                                                  "range",
                                                  "set-cookie",
                                                  "te",
                                                  "trailer",
                                                  "transfer-encoding",
                                                  "upgrade",
                                                  "vary",
                                                  "via",
                                                  "www-authenticate"};
  static_assert(std::is_sorted(std::begin(kDropped), std::end(kDropped)));
  if (name.starts_with("content-")) return name != "content-digest" && name != "content-md5";
  if (name.starts_with("x-forwarded-")) return true;
  return std::binary_search(std::begin(kDropped), std::end(kDropped), name);
}

/// CGI-style apps would read this field as HTTP_PROXY, the setting of their own HTTP clients
/// ("httpoxy"). So no app is given it, neither in a head nor as a trailer. Takes a lower-case name.
constexpr bool is_httpoxy(std::string_view name) {
  return name == "proxy";
}

/// 1*DIGIT that fits into 63 bits.
constexpr std::optional<std::int64_t> parse_content_length(std::string_view text) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (text.empty()) return std::nullopt;
  std::int64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const int digit = c - '0';
    if (length > (kMax - digit) / 10) return std::nullopt;
    length = length * 10 + digit;
  }
  return length;
}

constexpr bool is_final_status(std::int32_t status) {
  return status >= 200 && status <= 599;
}
/// Only the server sends 100.
constexpr bool is_interim_status(std::int32_t status) {
  return status == 102 || status == 103;
}
/// May a response have a body at all? Not with 1xx, 204, 205, 304. (HEAD is up to the caller: it
/// keeps Content-Length.)
constexpr bool status_allows_body(std::int32_t status) {
  return status >= 200 && status != 204 && status != 205 && status != 304;
}

/// ALICORN_METHOD_... for a method; methods are case-sensitive.
constexpr std::int32_t method_id_of(std::string_view method) {
  switch (method.size()) {
    case 3:
      if (method == "GET") return ALICORN_METHOD_GET;
      if (method == "PUT") return ALICORN_METHOD_PUT;
      break;
    case 4:
      if (method == "POST") return ALICORN_METHOD_POST;
      if (method == "HEAD") return ALICORN_METHOD_HEAD;
      break;
    case 5:
      if (method == "PATCH") return ALICORN_METHOD_PATCH;
      break;
    case 6:
      if (method == "DELETE") return ALICORN_METHOD_DELETE;
      break;
    case 7:
      if (method == "OPTIONS") return ALICORN_METHOD_OPTIONS;
      break;
    default:
      break;
  }
  return ALICORN_METHOD_OTHER;
}

}  // namespace rules
}  // namespace app_v1
}  // namespace alicorn
