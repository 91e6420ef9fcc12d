// Finds the end of a response. Part of the load generator, so it understands only what the compared
// servers send.
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include <strings.h>

class ResponseEnd {
 public:
  enum class Progress { kMore, kWhole };
  /// The last response that came in one piece. Shared by the connections to one server.
  struct Usual {
    std::size_t head_size = 0, size = 0;
    bool closes = false;
  };

  void reset() {
    head_.clear();
    in_body_ = chunked_ = closes_ = false;
    left_ = 0;
    status_is_200_ = true;
  }

  /// Looks at the next bytes. A response that looks like the last one is recognised without a
  /// search.
  Progress take(std::string_view bytes, Usual& usual) {
    if (head_.empty() && !in_body_ && looks_like(usual, bytes)) {
      closes_ = usual.closes;
      return Progress::kWhole;
    }
    if (in_body_) return take_body(bytes);
    const bool in_one_piece = head_.empty();
    if (!in_one_piece) bytes = head_.append(bytes);
    const auto end = bytes.find("\r\n\r\n");
    if (end == bytes.npos) {
      if (in_one_piece) head_ = bytes;
      return Progress::kMore;
    }
    read_head(bytes.substr(0, end + 2));
    in_body_ = true;
    const std::size_t total = end + 4 + left_;
    if (in_one_piece && status_is_200_ && !chunked_ && total == bytes.size()) {
      usual = {end + 4, total, closes_};
    }
    return take_body(bytes.substr(end + 4));
  }

  bool has_begun() const { return in_body_ || !head_.empty(); }
  bool status_is_200() const { return status_is_200_; }
  /// The server has said that it closes the connection.
  bool closes() const { return closes_; }

 private:
  static bool looks_like(const Usual& usual, std::string_view bytes) {
    return bytes.size() == usual.size && bytes.substr(8, 5) == " 200 " &&
           bytes.substr(usual.head_size - 4, 4) == "\r\n\r\n";
  }

  Progress take_body(std::string_view bytes) {
    // A chunk that only looks like the last one, at the end of a read, is not expected here.
    if (chunked_) return bytes.ends_with("0\r\n\r\n") ? Progress::kWhole : Progress::kMore;
    left_ -= left_ < bytes.size() ? left_ : bytes.size();
    return left_ == 0 ? Progress::kWhole : Progress::kMore;
  }

  void read_head(std::string_view head) {
    status_is_200_ = head.size() > 13 && head.substr(8, 5) == " 200 ";
    left_ = 0;
    chunked_ = closes_ = false;
    for (auto line = head.find("\r\n"); line + 2 < head.size();
         line = head.find("\r\n", line + 2)) {
      const std::string_view field = head.substr(line + 2);
      if (begins(field, "content-length: "))
        std::from_chars(field.data() + 16, field.data() + field.size(), left_);
      else if (begins(field, "transfer-encoding: chunked"))
        chunked_ = true;
      else if (begins(field, "connection: close"))
        closes_ = true;
    }
  }
  static bool begins(std::string_view field, std::string_view text) {
    return field.size() >= text.size() &&
           ::strncasecmp(field.data(), text.data(), text.size()) == 0;
  }

  std::string head_;  ///< of a head that came in pieces, what has come
  bool in_body_ = false, chunked_ = false, closes_ = false, status_is_200_ = true;
  std::size_t left_ = 0;  ///< of the body
};
