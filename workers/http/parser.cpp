#include "workers/http/parser.hpp"

namespace alicorn {
namespace {

/// What a browser sends fits; anything more grows the vectors once.
constexpr std::size_t kFieldsExpected = 24;

}  // namespace

HttpParser::HttpParser(const HttpLimits& limits, WorkerSettings::HeaderMap header_map)
    : block_(limits, header_map, kFieldsExpected), head_(limits, block_), body_(limits, block_) {
  request_->fields.reserve(kFieldsExpected);
}

void HttpParser::reset() {
  head_.reset();
  request_->method_id = ALICORN_METHOD_OTHER;
  request_->trailers.clear();
  consumed_ = 0;
  rejection_ = {};
}

HttpParser::Progress HttpParser::parse_head(char* bytes, std::size_t size) {
  if (rejection_) return Progress::kRejected;
  const Progress progress = head_.read(bytes, size, *request_);
  if (progress == Progress::kComplete) {
    consumed_ = head_.size();
    body_.begin(request_->content_length);
  } else if (progress == Progress::kRejected) {
    rejection_ = head_.rejection();
  }
  return progress;
}

HttpParser::Progress HttpParser::parse_body(const char* bytes, std::size_t size, std::string& out) {
  if (rejection_) return Progress::kRejected;
  const Progress progress = body_.read(bytes, size, out, *request_);
  consumed_ = body_.consumed();
  if (progress == Progress::kRejected) rejection_ = body_.rejection();
  return progress;
}

}  // namespace alicorn
