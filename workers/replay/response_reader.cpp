#include "workers/replay/response_reader.hpp"

#include "alicorn/app.h"
#include "base/ascii.hpp"

#include <algorithm>
#include <charconv>

namespace alicorn {
namespace {

constexpr std::string_view kHttpVersion = "HTTP/1.1 ";

template <class Number>
Number number_in(std::string_view text, int base) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

std::string_view value_in(std::string_view line) {
  const std::size_t at = line.find(':');
  const std::size_t begin = line.find_first_not_of(" \t", at + 1);
  return begin == std::string_view::npos ? "" : line.substr(begin);
}

}  // namespace

void ResponseReader::receive(std::string_view bytes) {
  while (!bytes.empty() && part_ != Part::kUntilClose) {
    if (part_ == Part::kBody || part_ == Part::kChunkData) {
      const std::uint64_t taken = std::min<std::uint64_t>(left_, bytes.size());
      bytes.remove_prefix(taken);
      left_ -= taken;
      if (left_ != 0) return;
      if (part_ == Part::kBody) {
        finish_response();
      } else {
        part_ = Part::kChunkSize;
      }
      continue;
    }
    const std::size_t line_end = bytes.find('\n');
    line_ += bytes.substr(0, line_end);
    if (line_end == std::string_view::npos) return;
    bytes.remove_prefix(line_end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    on_line();
    line_.clear();
  }
}

void ResponseReader::end() {
  if (part_ == Part::kUntilClose) finish_response();
}

void ResponseReader::on_line() {
  const std::string_view line = line_;
  switch (part_) {
    case Part::kStatusLine:
      status_ = line.size() > kHttpVersion.size()
                    ? number_in<int>(line.substr(kHttpVersion.size()), 10)
                    : 0;
      length_ = -1;
      chunked_ = closes_ = false;
      part_ = Part::kFields;
      return;
    case Part::kFields: {
      if (line.empty()) return on_head_end();
      const std::string_view name = line.substr(0, line.find(':'));
      if (equals_ignoring_case(name, "content-length")) {
        length_ = number_in<std::int64_t>(value_in(line), 10);
      } else if (equals_ignoring_case(name, "transfer-encoding")) {
        chunked_ = true;  // this server sends no other coding
      } else if (equals_ignoring_case(name, "connection")) {
        closes_ = equals_ignoring_case(value_in(line), "close");
      }
      return;
    }
    case Part::kChunkSize: {
      const auto size = number_in<std::uint64_t>(line, 16);
      left_ = size + 2;  // including the CRLF after the data
      part_ = size == 0 ? Part::kTrailers : Part::kChunkData;
      return;
    }
    case Part::kTrailers:
      if (line.empty()) finish_response();
      return;
    case Part::kBody:
    case Part::kUntilClose:
    case Part::kChunkData:
      return;
  }
}

void ResponseReader::on_head_end() {
  if (status_ < 200) {  // interim: the final response is still to come
    part_ = Part::kStatusLine;
    return;
  }
  const bool is_to_head = complete_ < methods_.size() && methods_[complete_] == ALICORN_METHOD_HEAD;
  if (is_to_head || status_ == 204 || status_ == 304 || (!chunked_ && length_ == 0)) {
    return finish_response();
  }
  if (chunked_) {
    part_ = Part::kChunkSize;
  } else if (length_ > 0) {
    left_ = static_cast<std::uint64_t>(length_);
    part_ = Part::kBody;
  } else {
    part_ = Part::kUntilClose;
  }
}

void ResponseReader::finish_response() {
  ++complete_;
  part_ = Part::kStatusLine;
}

}  // namespace alicorn
