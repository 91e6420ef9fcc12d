// What the fields of one head mean to the server itself: host, framing, persistence, expectation.
// Worker.
#pragma once

#include "workers/http/rules.hpp"

#include <cstdint>
#include <string_view>

namespace alicorn {

/// Gets one field after the other and is queried when the head has ended. Computes persistence and
/// framing here instead of taking them from llhttp, which believes Proxy-Connection and lets an
/// empty or stacked Transfer-Encoding through.
class HeadFacts {
 public:
  /// `name` in lower case, `value` trimmed. `index`: the field's index among those the request
  /// keeps.
  Rejection add(std::string_view name, std::string_view value, std::uint32_t index);
  /// Checks what can only be judged at the end.
  Rejection finish(bool at_least_1_1);

  bool has_host() const { return has_host_; }
  std::uint32_t host_index() const { return host_index_; }
  std::int64_t content_length() const { return content_length_; }  ///< 0: no body; -1: chunked
  bool expects_continue() const { return expects_continue_; }
  bool keep_alive(bool at_least_1_1) const {
    return !says_close_ && (at_least_1_1 || says_keep_alive_);
  }

 private:
  Rejection add_content_length(std::string_view value);
  Rejection add_transfer_encoding(std::string_view value);
  void add_connection(std::string_view value);

  bool has_host_ = false;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
  bool chunked_ = false;       ///< the last coding so far is chunked
  bool other_coding_ = false;  ///< there is another coding before the last
  bool says_close_ = false;
  bool says_keep_alive_ = false;
  bool expects_continue_ = false;
  bool expects_other_ = false;
  std::uint32_t host_index_ = 0;
  std::int64_t content_length_ = 0;
};

}  // namespace alicorn
