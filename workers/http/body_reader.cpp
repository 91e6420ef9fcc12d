#include "workers/http/body_reader.hpp"

#include "alicorn/detail/rules.hpp"
#include "base/ascii.hpp"

#include <algorithm>
#include <limits>

#include <string.h>

namespace alicorn {
namespace {

/// Sixteen digits can express every size; more are zeros sent to keep us busy.
constexpr std::uint32_t kSizeDigitsMax = 16;

}  // namespace

void BodyReader::begin(std::int64_t content_length) {
  rejection_ = {};
  if (content_length >= 0) {
    state_ = State::kLength;
    left_ = static_cast<std::uint64_t>(content_length);
    return;
  }
  chunks_size_ = 0;
  extensions_size_ = 0;
  block_.begin_chunks();
  begin_size_line();
}

void BodyReader::begin_size_line() {
  state_ = State::kChunkSize;
  size_digits_ = 0;
  block_.begin_size_line();
}

ReadProgress BodyReader::reject(Rejection why) {
  state_ = State::kEnded;
  rejection_ = why;
  consumed_ = 0;
  return ReadProgress::kRejected;
}

ReadProgress BodyReader::read(const char* bytes, std::size_t size, std::string& out,
                              HttpRequest& request) {
  consumed_ = 0;
  if (state_ == State::kLength) return read_length(bytes, size, out);
  if (state_ != State::kEnded) return read_chunks(bytes, size, out, request);
  return rejection_ ? ReadProgress::kRejected : ReadProgress::kComplete;
}

/// The size was known and agreed with llhttp at the end of the head: nothing is left to parse.
ReadProgress BodyReader::read_length(const char* bytes, std::size_t size, std::string& out) {
  consumed_ = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
  out.append(bytes, consumed_);
  left_ -= consumed_;
  if (left_ != 0) return ReadProgress::kNeedMore;
  state_ = State::kEnded;
  return ReadProgress::kComplete;
}

/// llhttp gets only a size line or the data of one chunk at a time, so that limits llhttp does not
/// know can be counted here.
ReadProgress BodyReader::read_chunks(const char* bytes, std::size_t size, std::string& out,
                                     HttpRequest& request) {
  while (consumed_ < size) {
    const char* const rest = bytes + consumed_;
    const std::size_t rest_size = size - consumed_;
    if (state_ == State::kTrailers) return read_trailers(rest, rest_size, request);
    if (state_ != State::kChunk) {
      if (read_size_line(rest, rest_size) == ReadProgress::kRejected)
        return ReadProgress::kRejected;
      continue;
    }
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(rest_size, left_));
    if (!block_.feed_chunk(rest, piece, out)) return reject(block_.rejection());
    consumed_ += piece;
    left_ -= piece;
    if (left_ == 0) begin_size_line();
  }
  return ReadProgress::kNeedMore;
}

ReadProgress BodyReader::read_size_line(const char* bytes, std::size_t size) {
  const void* const lf = ::memchr(bytes, '\n', size);
  if (lf != nullptr) size = static_cast<std::size_t>(static_cast<const char*>(lf) + 1 - bytes);
  std::size_t digits = 0;
  if (state_ == State::kChunkSize) {
    while (digits < size && is_hex_digit(bytes[digits])) ++digits;
    if (digits < size) state_ = State::kExtension;
  }
  size_digits_ += static_cast<std::uint32_t>(std::min<std::size_t>(digits, kSizeDigitsMax + 1));
  if (size_digits_ > kSizeDigitsMax) return reject({400, "a chunk size is too long"});
  extensions_size_ += size - digits;
  // Allows two bytes for the line's own CRLF, which is not held against the client: refunded below.
  if (extensions_size_ > std::uint64_t{limits_.chunk_extensions_max} + 2) {
    return reject({400, "the chunk extensions are too long"});
  }
  if (!block_.feed_size_line(bytes, size)) return reject(block_.rejection());
  consumed_ += size;
  if (lf == nullptr) return ReadProgress::kNeedMore;

  if (!block_.chunk_size()) return reject({400, "malformed chunk size line"});
  extensions_size_ -= 2;
  const std::uint64_t chunk_size = *block_.chunk_size();
  if (chunk_size > std::numeric_limits<std::int64_t>::max()) {
    return reject({400, "a chunk size is over 63 bits"});
  }
  const std::uint64_t body_max = limits_.body_size_max;
  if (body_max != 0 && chunk_size > body_max - chunks_size_) {
    return reject({413, "the body is over the limit"});
  }
  chunks_size_ += chunk_size;
  if (chunk_size == 0) {
    begin_trailers();
  } else {
    state_ = State::kChunk;
    left_ = chunk_size + 2;  // the CRLF behind the data
  }
  return ReadProgress::kNeedMore;
}

void BodyReader::begin_trailers() {
  state_ = State::kTrailers;
  judged_ = 0;
  trailer_bytes_.clear();
  block_.begin_trailers();
}

/// The trailers are collected in a buffer of our own, because the caller's buffer holds body bytes
/// that the caller will drop.
ReadProgress BodyReader::read_trailers(const char* bytes, std::size_t size, HttpRequest& request) {
  const std::size_t before = trailer_bytes_.size();
  const std::size_t room = std::size_t{limits_.trailer_size_max} + 2 - before;
  const std::size_t taken = std::min(size, room);
  trailer_bytes_.append(bytes, taken);
  const FieldBlock::Fed fed = block_.feed(trailer_bytes_.data(), trailer_bytes_.size());
  // Judge the new fields first: they came before any fault that the block has found after them.
  for (const auto& fields = block_.fields(); judged_ != fields.size(); ++judged_) {
    if (is_framing_field(fields[judged_].name.in(trailer_bytes_.data()))) {
      return reject({400, "a field that frames the body, behind the body"});
    }
  }
  if (fed == FieldBlock::Fed::kError) return reject({400, block_.rejection().reason});
  if (fed == FieldBlock::Fed::kAll) {
    if (taken < size) return reject({400, "the trailers are too large"});
    consumed_ += taken;
    return ReadProgress::kNeedMore;
  }
  consumed_ += block_.line_begin() + 2 - before;
  describe_trailers(request);
  state_ = State::kEnded;
  return ReadProgress::kComplete;
}

void BodyReader::describe_trailers(HttpRequest& request) const {
  const char* const block = trailer_bytes_.data();
  request.trailers.clear();
  for (const FieldBlock::Field& field : block_.fields()) {
    const std::string_view name = field.name.in(block);
    const std::string_view value = field.value.in(block);
    if (rules::is_dropped_trailer(name)) continue;
    request.trailers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
}

}  // namespace alicorn
