// What the fields of one head mean to the server itself: host, framing, persistence, expectation.
// Worker.
#pragma once

#include "workers/http/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

/// Gets one field after the other and is queried when the head has ended. Computes persistence and
/// framing here instead of taking them from llhttp, which believes Proxy-Connection and lets an
/// empty or stacked Transfer-Encoding through.
class HeadFacts {
 public:
  /// Makes it ready for the next head.
  void reset() { seen_ = {}; }
  /// `name` in lower case, `value` trimmed. `index`: the field's index among those the request
  /// keeps.
  Rejection add(std::string_view name, std::string_view value, std::uint32_t index) {
    // Nearly every field is none of those that matter here, and costs one comparison.
    return has_size_that_matters(name) ? look_at(name, value, index) : Rejection{};
  }
  /// Checks what can only be judged at the end.
  Rejection finish(bool at_least_1_1);

  bool has_host() const { return seen_.host; }
  std::uint32_t host_index() const { return seen_.host_index; }
  std::int64_t content_length() const { return seen_.length; }  ///< 0: no body; -1: chunked
  bool expects_continue() const { return seen_.expects_continue; }
  bool keep_alive(bool at_least_1_1) const {
    return !seen_.close && (at_least_1_1 || seen_.keep_alive);
  }

 private:
  /// No client makes a connection keep a long one.
  static constexpr std::size_t kKnownHostMax = 64;

  static constexpr bool has_size_that_matters(std::string_view name) {
    constexpr std::uint64_t kSizes = 1U << 4 | 1U << 6 | 1U << 10 | 1U << 14 | 1U << 17;
    return name.size() < 64 && (kSizes >> name.size() & 1) != 0;
  }
  Rejection look_at(std::string_view name, std::string_view value, std::uint32_t index);
  Rejection add_content_length(std::string_view value);
  Rejection add_transfer_encoding(std::string_view value);
  bool add_connection_option(std::string_view option);
  void add_connection(std::string_view value);

  /// Of one head.
  struct Seen {
    bool host = false;
    bool content_length = false;
    bool transfer_encoding = false;
    bool chunked = false;       ///< the last coding so far
    bool other_coding = false;  ///< before the last
    bool close = false;
    bool keep_alive = false;
    bool expects_continue = false;
    bool expects_other = false;
    std::uint32_t host_index = 0;
    std::int64_t length = 0;
  };

  Seen seen_;
  /// The last one that was well-formed: most clients send it again.
  std::string known_host_;
};

}  // namespace alicorn
