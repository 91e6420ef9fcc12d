// The parser's view of a stream of bytes, as text. For golden files, and for comparing two ways of
// splitting the stream.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/abi_string.hpp"
#include "workers/http/parser.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace alicorn::test {

struct ParserSetup {
  HttpLimits limits;
  WorkerSettings::HeaderMap header_map = WorkerSettings::HeaderMap::kDrop;
};

/// Takes the number of bytes that have arrived and returns how many arrive next. Counts as at least
/// 1.
using NextPiece = std::function<std::size_t(std::size_t arrived)>;

inline std::string in_quotes(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      out.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      out.append(1, c);
    }
  }
  return out.append(1, '"');
}

inline std::string in_quotes(const alicorn_string& text) {
  return in_quotes(as_view(text));
}

class TranscriptReader {
 public:
  TranscriptReader(std::string_view input, const ParserSetup& setup, const NextPiece& next_piece)
      : input_(input), next_piece_(next_piece), parser_(setup.limits, setup.header_map) {}

  std::string run() {
    while (read_request()) parser_.reset();
    return std::move(text_);
  }

 private:
  /// False: all bytes have been used, or the request is refused.
  bool read_request() {
    using Progress = HttpParser::Progress;
    for (;;) {
      extend_head();
      const Progress progress = parser_.parse_head(head_.get(), head_size_);
      if (progress == Progress::kRejected) return refused("head");
      if (progress == Progress::kComplete) break;
      if (!receive()) return incomplete("head");
    }
    std::string rest(head_.get() + parser_.consumed(), head_size_ - parser_.consumed());
    std::string body;
    while (parser_.request().has_body()) {
      const Progress progress = parser_.parse_body(rest.data(), rest.size(), body);
      if (progress == Progress::kRejected) {
        text_ += "body so far: " + in_quotes(body) + "\n";
        return refused("body");
      }
      rest.erase(0, parser_.consumed());
      if (progress == Progress::kComplete) break;
      if (!rest.empty()) text_ += "BYTES LEFT OVER\n";
      if (!receive()) {
        text_ += "body so far: " + in_quotes(body) + "\n";
        return incomplete("body");
      }
      rest.swap(piece_);
    }
    describe(body);
    piece_.swap(rest);
    head_.reset();
    head_size_ = 0;
    return true;
  }

  bool receive() {
    if (arrived_ == input_.size()) return false;
    const std::size_t size =
        std::clamp<std::size_t>(next_piece_(arrived_), 1, input_.size() - arrived_);
    piece_ = input_.substr(arrived_, size);
    arrived_ += size;
    return true;
  }

  /// Copies to a new allocation of exactly the right size.
  void extend_head() {
    auto grown = std::make_unique<char[]>(head_size_ + piece_.size());
    std::copy_n(head_.get(), head_size_, grown.get());
    std::copy_n(piece_.data(), piece_.size(), grown.get() + head_size_);
    head_size_ += piece_.size();
    head_ = std::move(grown);
    piece_.clear();
  }

  bool refused(std::string_view where) {
    text_.append("refused ").append(std::to_string(parser_.status()));
    text_.append(" (").append(where).append(")\n");
    if (parser_.reason().empty()) text_ += "NO REASON\n";
    return false;
  }

  bool incomplete(std::string_view where) {
    if (where == "body" || parser_.started()) text_.append("incomplete ").append(where) += '\n';
    return false;
  }

  void describe(std::string_view body) {
    const HttpRequest& request = parser_.request();
    text_.append("method ").append(in_quotes(request.method));
    text_.append(request.method_id == ALICORN_METHOD_OTHER ? " other" : "");
    text_.append(" version ").append(std::to_string(request.version_major));
    text_.append(".").append(std::to_string(request.version_minor));
    text_.append(request.keep_alive ? " keep-alive" : " close");
    text_.append(request.expects_continue ? " expects-continue\n" : "\n");
    text_.append("target ").append(in_quotes(request.target));
    text_.append(" path ").append(in_quotes(request.path));
    text_.append(" query ").append(in_quotes(request.query));
    text_.append(" authority ").append(in_quotes(request.authority)).append("\n");
    for (const alicorn_field& field : request.fields) {
      text_.append("field ").append(in_quotes(field.name)).append(" ");
      text_.append(in_quotes(field.value)).append("\n");
    }
    if (request.content_length != 0) {
      text_.append("length ").append(std::to_string(request.content_length));
      text_.append(" body ").append(in_quotes(body)).append("\n");
    }
    for (const alicorn_field& field : request.trailers) {
      text_.append("trailer ").append(in_quotes(field.name)).append(" ");
      text_.append(in_quotes(field.value)).append("\n");
    }
    text_.append("complete\n");
  }

  std::string_view input_;
  const NextPiece& next_piece_;
  HttpParser parser_;
  std::unique_ptr<char[]> head_;
  std::size_t head_size_ = 0;
  std::size_t arrived_ = 0;
  std::string piece_;
  std::string text_;
};

/// Parses one request after another, as a connection would, until all bytes have been used or a
/// request is refused. The buffer moves before each call for a head, so that a stale view or a read
/// past the end is a memory error.
inline std::string transcript(std::string_view input, const ParserSetup& setup,
                              const NextPiece& next_piece) {
  return TranscriptReader(input, setup, next_piece).run();
}
/// Delivers all bytes at once.
inline std::string transcript(std::string_view input, const ParserSetup& setup = {}) {
  return transcript(input, setup, [&](std::size_t) { return input.size(); });
}

}  // namespace alicorn::test
