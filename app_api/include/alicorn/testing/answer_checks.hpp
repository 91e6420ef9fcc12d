// What the test host finds wrong with an answer's status and fields, as sentences. Part of
// alicorn/testing.hpp; the test's process.
#pragma once

#include "alicorn/detail/rules.hpp"
#include "alicorn/testing/data.hpp"

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

/// An app's string, which may be NULL with a size.
inline std::string text_or_nothing(alicorn_string text) {
  if (text.data == nullptr || rules::is_impossible(text.size)) return {};
  return {text.data, text.size};
}

inline std::string sentence_of(rules::FieldFault fault, const rules::CheckedField& field) {
  switch (fault) {
    case rules::FieldFault::kNone:
      break;
    case rules::FieldFault::kNullWithSize:
      return "a header is NULL with a size";
    case rules::FieldFault::kImpossibleSize:
      return "a header is larger than any memory";
    case rules::FieldFault::kName:
      return "a header name is empty or no token: \"" + std::string(field.name) + "\"";
    case rules::FieldFault::kValue:
      return "the header " + std::string(field.name) + " has a control character in its value";
  }
  return {};
}

/// Returns "" or what is wrong with the fields. Copies the fields to `out`.
inline std::string take_fields(const alicorn_field* fields, std::uint32_t count,
                               std::vector<TestField>& out) {
  if (fields == nullptr && count != 0) return "headers are NULL with a count";
  for (std::uint32_t i = 0; i < count; ++i) {
    rules::CheckedField field;
    const rules::FieldFault fault = rules::check_field(fields[i], field);
    if (fault != rules::FieldFault::kNone) return sentence_of(fault, field);
    out.push_back({lower(field.name), std::string(field.value)});
  }
  return {};
}

/// Returns "" or what is wrong with a response's head. `length`: the body's, -1: not known; a
/// Content-Length among the headers sets it.
inline std::string take_head(std::int32_t status, const alicorn_field* fields, std::uint32_t count,
                             bool answers_head, std::int64_t& length, std::vector<TestField>& out) {
  if (!rules::is_final_status(status))
    return "the status " + std::to_string(status) + " is not 200 to 599";
  if (auto wrong = take_fields(fields, count, out); !wrong.empty()) return wrong;
  std::optional<std::int64_t> named;
  for (const TestField& field : out) {
    const rules::FieldKind kind = rules::kind_of_field(field.name);
    if (kind == rules::FieldKind::kHopByHop)
      return "the header " + field.name + " is the server's to set";
    if (kind != rules::FieldKind::kContentLength) continue;
    const bool is_first = !named;
    named = rules::parse_content_length(field.value);
    if (!named || !is_first) return "a Content-Length is repeated or no number: " + field.value;
  }
  if (!named) return {};
  const bool body_is_left_out = answers_head && length == 0;
  if (length >= 0 && *named != length && !body_is_left_out && rules::status_allows_body(status)) {
    return "Content-Length says " + std::to_string(*named) + ", the body has " +
           std::to_string(length) + " bytes";
  }
  length = *named;
  return {};
}

}  // namespace detail
}  // namespace app_v1
}  // namespace alicorn
