#include "workers/connection/request_reader.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace alicorn {
namespace {

constexpr std::size_t kPieceMax = 64 * 1024;

/// A buffer of its own for the last bytes of another one.
InputBuffer copy_of_tail(BlockPool& blocks, InputBuffer& from, std::size_t offset) {
  InputBuffer copy(blocks);
  const std::size_t size = from.size() - offset;
  if (size == 0) return copy;
  std::memcpy(copy.space(size), from.data() + offset, size);
  copy.added(size);
  return copy;
}

}  // namespace

RequestReader::RequestReader(BlockPool& blocks, const HttpLimits& limits,
                             WorkerSettings::HeaderMap header_map)
    : blocks_(blocks), parser_(limits, header_map), in_(blocks) {}

HttpParser::Progress RequestReader::read_head(std::uint64_t now_us) {
  const HttpParser::Progress progress = parser_.parse_head(in_.data(), in_.size());
  if (received_us_ == 0 && parser_.started()) received_us_ = now_us;
  return progress;
}

void RequestReader::begin_body() {
  ensure(body_ == Body::kNone && head_size_ == 0, "a request's body begins once");
  const HttpRequest& request = parser_.request();
  head_size_ = parser_.consumed();
  if (!request.has_body()) return;
  // In a block that has grown, a body might take any memory, which nobody would count.
  const std::size_t in_place_end = std::min(in_.size(), BlockPool::kBlockSize);
  if (request.content_length > 0 && head_size_ < in_place_end &&
      static_cast<std::uint64_t>(request.content_length) <= in_place_end - head_size_) {
    body_ = Body::kWhole;
    body_size_in_place_ = static_cast<std::size_t>(request.content_length);
    return;
  }
  body_ = Body::kUnread;
  continue_ = request.expects_continue ? Continue::kOwed : Continue::kNone;
  InputBuffer rest = copy_of_tail(blocks_, in_, head_size_);
  head_ = std::move(in_);
  in_ = std::move(rest);
}

bool RequestReader::await_body(std::uint64_t now_us) {
  body_ = Body::kAwaited;
  body_moved_us_ = now_us;
  return std::exchange(continue_, Continue::kNone) == Continue::kOwed && in_.empty();
}

void RequestReader::stall() {
  if (body_ == Body::kAwaited) body_ = Body::kStalled;
}

void RequestReader::read_on(std::uint64_t now_us) {
  if (body_ != Body::kStalled && body_ != Body::kHeldBack) return;
  body_ = Body::kAwaited;
  body_moved_us_ = now_us;
}

void RequestReader::stop_awaiting_body() {
  if (awaits_body()) body_ = Body::kAborted;
}

std::string_view RequestReader::next_piece() {
  return {in_.data(), std::min(in_.size(), kPieceMax)};
}

void RequestReader::note_parsed(HttpParser::Progress progress) {
  in_.consume(parser_.consumed());
  if (progress == HttpParser::Progress::kComplete) body_ = Body::kWhole;
}

void RequestReader::look_at_rate(const Deadlines& deadlines, bool reads, std::uint64_t now_us) {
  rate_.look({deadlines.body_min_rate, rate_window_us(deadlines.body)}, reads, bytes_in_, now_us);
}

bool RequestReader::body_is_late(const Deadlines& deadlines, std::uint64_t now_us) const {
  const milliseconds limit = deadlines.body;
  return rate_.is_broken() || (limit.count() != 0 && now_us > body_moved_us_ + to_us(limit));
}

void RequestReader::leave_input_with(RequestView& view) {
  if (body_is_apart()) {
    view.keep_input(std::move(head_));
  } else {
    InputBuffer rest = copy_of_tail(blocks_, in_, front_size());
    view.keep_input(std::move(in_));
    in_ = std::move(rest);
  }
  head_size_ = body_size_in_place_ = 0;
}

void RequestReader::next_request() {
  in_.consume(front_size());
  head_.release();
  head_size_ = body_size_in_place_ = 0;
  parser_.reset();
  body_ = Body::kNone;
  continue_ = Continue::kNone;
  bytes_in_ = in_.size();
  received_us_ = 0;
  rate_.restart();
}

void RequestReader::release() {
  in_.release();
  head_.release();
  head_size_ = body_size_in_place_ = 0;
  body_ = Body::kNone;
}

}  // namespace alicorn
