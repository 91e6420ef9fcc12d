// What an app may answer: the server's rules for status and fields. Part of alicorn/testing.hpp;
// the test's process.
#pragma once

#include "alicorn/testing/data.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace alicorn {
inline namespace app_v1 {
namespace detail {

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

inline bool is_token(std::string_view text) {
  const auto is_token_byte = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

inline bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
  });
}

/// No object is larger; a size that is more is a mistake, and would wrap in a sum.
inline bool is_impossible(std::size_t size) {
  return size > static_cast<std::size_t>(PTRDIFF_MAX);
}

inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Of a string that an app gives, which may be NULL with a size.
inline std::string text_or_nothing(alicorn_string text) {
  if (text.data == nullptr || is_impossible(text.size)) return {};
  return {text.data, text.size};
}

inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Fields that the server alone writes.
inline bool is_hop_by_hop(std::string_view name) {
  return is_one_of(name, {"connection", "transfer-encoding", "upgrade", "keep-alive", "te",
                          "trailer", "proxy-connection"});
}

/// Framing, routing, authentication, and what a recipient acts on before the body (RFC 9110,
/// section 6.5.1).
inline bool is_forbidden_trailer(std::string_view name) {
  return is_hop_by_hop(name) || is_one_of(name, {"content-length",
                                                 "host",
                                                 "max-forwards",
                                                 "cache-control",
                                                 "expect",
                                                 "pragma",
                                                 "range",
                                                 "if-match",
                                                 "if-none-match",
                                                 "if-modified-since",
                                                 "if-unmodified-since",
                                                 "if-range",
                                                 "authorization",
                                                 "authentication-info",
                                                 "cookie",
                                                 "proxy-authenticate",
                                                 "proxy-authentication-info",
                                                 "proxy-authorization",
                                                 "set-cookie",
                                                 "www-authenticate",
                                                 "age",
                                                 "date",
                                                 "expires",
                                                 "location",
                                                 "retry-after",
                                                 "server",
                                                 "vary",
                                                 "warning",
                                                 "content-encoding",
                                                 "content-range",
                                                 "content-type",
                                                 "content-disposition",
                                                 "content-security-policy",
                                                 "strict-transport-security"});
}

/// Trailers of a request that the server leaves out.
inline bool is_dropped_trailer(std::string_view name) {
  if (name.substr(0, 8) == "content-") return name != "content-digest" && name != "content-md5";
  if (name.substr(0, 12) == "x-forwarded-") return true;
  return is_hop_by_hop(name) || is_one_of(name, {"age",
                                                 "authorization",
                                                 "cache-control",
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
                                                 "location",
                                                 "max-forwards",
                                                 "pragma",
                                                 "proxy",
                                                 "proxy-authenticate",
                                                 "proxy-authorization",
                                                 "range",
                                                 "set-cookie",
                                                 "vary",
                                                 "via",
                                                 "www-authenticate"});
}

/// "" or what is wrong with the fields; they are copied to `out`.
inline std::string take_fields(const alicorn_field* fields, std::uint32_t count,
                               std::vector<TestField>& out) {
  if (fields == nullptr && count != 0) return "headers are NULL with a count";
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& [name, value] = fields[i];
    if ((name.data == nullptr && name.size != 0) || (value.data == nullptr && value.size != 0)) {
      return "a header is NULL with a size";
    }
    if (is_impossible(name.size) || is_impossible(value.size)) {
      return "a header is larger than any memory";
    }
    const std::string_view name_view(name.data, name.size), value_view(value.data, value.size);
    if (!is_token(name_view))
      return "a header name is empty or no token: \"" + std::string(name_view) + "\"";
    if (!is_field_value(value_view)) {
      return "the header " + std::string(name_view) + " has a control character in its value";
    }
    out.push_back({lower(name_view), std::string(trim(value_view))});
  }
  return {};
}

inline bool allows_body(std::int32_t status) {
  return status >= 200 && status != 204 && status != 205 && status != 304;
}

/// "" or what is wrong with a response's head. `length`: of the body, -1: not known; it becomes
/// what a Content-Length among the headers says.
inline std::string take_head(std::int32_t status, const alicorn_field* fields, std::uint32_t count,
                             bool answers_head, std::int64_t& length, std::vector<TestField>& out) {
  if (status < 200 || status > 599)
    return "the status " + std::to_string(status) + " is not 200 to 599";
  if (auto wrong = take_fields(fields, count, out); !wrong.empty()) return wrong;
  std::int64_t named = -1;
  for (const TestField& field : out) {
    if (is_hop_by_hop(field.name)) return "the header " + field.name + " is the server's to set";
    if (field.name != "content-length") continue;
    const char* end = field.value.data() + field.value.size();
    const auto parsed = std::from_chars(field.value.data(), end, named);
    const bool is_first = &field == &*std::find_if(out.begin(), out.end(), [](const TestField& f) {
      return f.name == "content-length";
    });
    const bool is_signed = field.value.substr(0, 1) == "-";
    if (parsed.ec != std::errc{} || parsed.ptr != end || is_signed || !is_first) {
      return "a Content-Length is repeated or no number: " + field.value;
    }
  }
  if (named < 0) return {};
  const bool body_is_left_out = answers_head && length == 0;
  if (length >= 0 && named != length && !body_is_left_out && allows_body(status)) {
    return "Content-Length says " + std::to_string(named) + ", the body has " +
           std::to_string(length) + " bytes";
  }
  length = named;
  return {};
}

}  // namespace detail
}  // namespace app_v1
}  // namespace alicorn
