#include "workers/http/head_facts.hpp"

#include "alicorn/detail/rules.hpp"
#include "base/ascii.hpp"

#include <optional>

namespace alicorn {

Rejection HeadFacts::look_at(std::string_view name, std::string_view value, std::uint32_t index) {
  switch (name.size()) {  // has_size_that_matters() knows these
    case 4:
      if (name != "host") return {};
      if (seen_.host) return {400, "more than one Host"};
      if (value.empty() || value != known_host_) {
        if (!is_host(value)) return {400, "Host is no host[:port]"};
        if (value.size() <= kKnownHostMax) known_host_ = value;
      }
      seen_.host = true;
      seen_.host_index = index;
      return {};
    case 6:
      if (name != "expect") return {};
      (equals_ignoring_case(value, "100-continue") ? seen_.expects_continue : seen_.expects_other) =
          true;
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
  if (seen_.content_length) return {400, "more than one Content-Length"};
  const std::optional<std::int64_t> length = rules::parse_content_length(value);
  if (!length) return {400, "Content-Length is no length"};
  seen_.content_length = true;
  seen_.length = *length;
  return {};
}

Rejection HeadFacts::add_transfer_encoding(std::string_view value) {
  seen_.transfer_encoding = true;
  std::optional<std::string_view> list = value;
  std::string_view coding;
  while (next_element(list, coding)) {
    // Parameters, quotes, an empty element: two parsers may read these forms differently.
    if (!is_token(coding)) return {400, "malformed Transfer-Encoding"};
    if (seen_.chunked) return {400, "a transfer coding after chunked"};
    if (equals_ignoring_case(coding, "chunked")) {
      seen_.chunked = true;
    } else {
      seen_.other_coding = true;
    }
  }
  return {};
}

/// False: the option means nothing here.
bool HeadFacts::add_connection_option(std::string_view option) {
  const bool is_close = equals_ignoring_case(option, "close");
  const bool is_keep_alive = equals_ignoring_case(option, "keep-alive");
  seen_.close = seen_.close || is_close;
  seen_.keep_alive = seen_.keep_alive || is_keep_alive;
  return is_close || is_keep_alive;
}

void HeadFacts::add_connection(std::string_view value) {
  if (add_connection_option(value)) return;  // nearly always the list has one element
  std::optional<std::string_view> list = value;
  std::string_view option;
  while (next_element(list, option)) add_connection_option(option);
}

Rejection HeadFacts::finish(bool at_least_1_1) {
  if (at_least_1_1 && !seen_.host) return {400, "HTTP/1.1 without Host"};
  if (seen_.transfer_encoding) {
    if (!at_least_1_1) return {400, "Transfer-Encoding on HTTP/1.0"};
    if (seen_.content_length) return {400, "Transfer-Encoding beside Content-Length"};
    if (!seen_.chunked) return {400, "the last transfer coding is not chunked"};
    if (seen_.other_coding) return {501, "a transfer coding besides chunked"};
    seen_.length = -1;
  }
  if (seen_.expects_other) return {417, "unknown expectation"};
  // A 1.0 client must not be sent an interim response, and without a body there is nothing to ask
  // for.
  seen_.expects_continue = seen_.expects_continue && at_least_1_1 && seen_.length != 0;
  return {};
}

}  // namespace alicorn
