#include "workers/http/head_facts.hpp"

#include "alicorn/detail/rules.hpp"
#include "base/ascii.hpp"

#include <optional>

namespace alicorn {

Rejection HeadFacts::add(std::string_view name, std::string_view value, std::uint32_t index) {
  switch (name.size()) {  // nearly every field is none of these, and costs at most one comparison
    case 4:
      if (name != "host") return {};
      if (has_host_) return {400, "more than one Host"};
      if (!is_host(value)) return {400, "Host is no host[:port]"};
      has_host_ = true;
      host_index_ = index;
      return {};
    case 6:
      if (name != "expect") return {};
      (equals_ignoring_case(value, "100-continue") ? expects_continue_ : expects_other_) = true;
      return {};
    case 10:
      if (name == "connection") add_connection(value);
      return {};
    case 14:
      return name == "content-length" ? add_content_length(value) : Rejection{};
    case 17:
      return name == "transfer-encoding" ? add_transfer_encoding(value) : Rejection{};
    default:
      return {};
  }
}

Rejection HeadFacts::add_content_length(std::string_view value) {
  if (has_content_length_) return {400, "more than one Content-Length"};
  const std::optional<std::int64_t> length = rules::parse_content_length(value);
  if (!length) return {400, "Content-Length is no length"};
  has_content_length_ = true;
  content_length_ = *length;
  return {};
}

Rejection HeadFacts::add_transfer_encoding(std::string_view value) {
  has_transfer_encoding_ = true;
  std::optional<std::string_view> list = value;
  std::string_view coding;
  while (next_element(list, coding)) {
    // Parameters, quotes, an empty element: two parsers may read these forms differently.
    if (!is_token(coding)) return {400, "malformed Transfer-Encoding"};
    if (chunked_) return {400, "a transfer coding after chunked"};
    if (equals_ignoring_case(coding, "chunked")) {
      chunked_ = true;
    } else {
      other_coding_ = true;
    }
  }
  return {};
}

void HeadFacts::add_connection(std::string_view value) {
  std::optional<std::string_view> list = value;
  std::string_view option;
  while (next_element(list, option)) {
    if (equals_ignoring_case(option, "close")) says_close_ = true;
    if (equals_ignoring_case(option, "keep-alive")) says_keep_alive_ = true;
  }
}

Rejection HeadFacts::finish(bool at_least_1_1) {
  if (at_least_1_1 && !has_host_) return {400, "HTTP/1.1 without Host"};
  if (has_transfer_encoding_) {
    if (!at_least_1_1) return {400, "Transfer-Encoding on HTTP/1.0"};
    if (has_content_length_) return {400, "Transfer-Encoding beside Content-Length"};
    if (!chunked_) return {400, "the last transfer coding is not chunked"};
    if (other_coding_) return {501, "a transfer coding besides chunked"};
    content_length_ = -1;
  }
  if (expects_other_) return {417, "unknown expectation"};
  // A 1.0 client must not be sent an interim response, and without a body there is nothing to ask
  // for.
  expects_continue_ = expects_continue_ && at_least_1_1 && content_length_ != 0;
  return {};
}

}  // namespace alicorn
