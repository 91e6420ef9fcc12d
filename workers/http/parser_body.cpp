#include "base/ascii.hpp"
#include "workers/http/parser.hpp"
#include "workers/http/parser_machine.hpp"

#include <algorithm>
#include <limits>

#include <string.h>

namespace alicorn {
namespace {

/// Sixteen digits hold every size there is; more are zeros sent to keep us busy.
constexpr std::uint32_t kSizeDigitsMax = 16;

}  // namespace

HttpParser::Progress HttpParser::parse_body(const char* bytes, std::size_t size, std::string& out) {
  if (status_ != 0) return Progress::kRejected;
  if (machine_->facts.content_length() < 0) return read_chunks(bytes, size, out);
  // Known to the byte and agreed with llhttp at the end of the head: nothing is left to parse.
  std::uint64_t& left = machine_->body_left;
  consumed_ = static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
  out.append(bytes, consumed_);
  left -= consumed_;
  return left == 0 ? Progress::kComplete : Progress::kNeedMore;
}

/// llhttp gets a size line or the data of one chunk at a time, so that what it does not count is
/// counted here.
HttpParser::Progress HttpParser::read_chunks(const char* bytes, std::size_t size,
                                             std::string& out) {
  HttpMachine& m = *machine_;
  m.body_out = &out;
  consumed_ = 0;
  while (consumed_ < size) {
    const char* const rest = bytes + consumed_;
    const std::size_t rest_size = size - consumed_;
    if (m.phase == HttpMachine::Phase::kTrailers) return read_trailers(rest, rest_size);
    if (m.phase == HttpMachine::Phase::kSizeLine) {
      if (read_size_line(rest, rest_size) == Progress::kRejected) return Progress::kRejected;
      continue;
    }
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(rest_size, m.body_left));
    if (!m.feed_chunk(rest, piece)) return reject(400, m.why());
    consumed_ += piece;
    m.body_left -= piece;
    if (m.body_left == 0) m.begin_size_line();
  }
  return Progress::kNeedMore;
}

HttpParser::Progress HttpParser::read_size_line(const char* bytes, std::size_t size) {
  HttpMachine& m = *machine_;
  const void* const lf = ::memchr(bytes, '\n', size);
  if (lf != nullptr) size = static_cast<std::size_t>(static_cast<const char*>(lf) + 1 - bytes);
  std::size_t digits = 0;
  if (!m.in_extension) {
    while (digits < size && is_hex_digit(bytes[digits])) ++digits;
    m.in_extension = digits < size;
  }
  m.size_digits += static_cast<std::uint32_t>(std::min<std::size_t>(digits, kSizeDigitsMax + 1));
  if (m.size_digits > kSizeDigitsMax) return reject(400, "a chunk size is too long");
  m.extensions_size += size - digits;
  // The line's own CRLF is not held against the client: refunded below.
  if (m.extensions_size > std::uint64_t{m.limits.chunk_extensions_max} + 2) {
    return reject(400, "the chunk extensions are too long");
  }
  if (!m.feed_chunk(bytes, size)) return reject(400, m.why());
  consumed_ += size;
  if (lf == nullptr) return Progress::kNeedMore;

  if (!m.chunk_begun) return reject(400, "malformed chunk size line");
  m.extensions_size -= 2;
  if (m.body_left > std::numeric_limits<std::int64_t>::max()) {
    return reject(400, "a chunk size is over 63 bits");
  }
  const std::uint64_t body_max = m.limits.body_size_max;
  if (body_max != 0 && m.body_left > body_max - m.body_size) {
    return reject(413, "the body is over the limit");
  }
  m.body_size += m.body_left;
  if (m.body_left == 0) {
    m.begin_trailers();
  } else {
    m.phase = HttpMachine::Phase::kData;
    m.body_left += 2;  // the CRLF behind the data
  }
  return Progress::kNeedMore;
}

/// The trailers come together in a buffer of our own, for the caller's holds body bytes that it
/// will let go.
HttpParser::Progress HttpParser::read_trailers(const char* bytes, std::size_t size) {
  HttpMachine& m = *machine_;
  std::string& block = m.trailer_bytes;
  const std::size_t before = block.size();
  const std::size_t room = std::size_t{m.limits.trailer_size_max} + 2 - before;
  if (room == 0) return reject(400, "the trailers are too large");
  const std::size_t taken = std::min(size, room);
  block.append(bytes, taken);
  switch (m.feed_fields(block.data(), before, block.size())) {
    case HttpMachine::Fed::kError:
      return reject(400, m.why());
    case HttpMachine::Fed::kAll:
      if (taken < size) return reject(400, "the trailers are too large");
      consumed_ += taken;
      return Progress::kNeedMore;
    case HttpMachine::Fed::kBlockEnded:
      break;
  }
  consumed_ += m.line_begin + 2 - before;
  request_.trailers.clear();
  for (const HttpMachine::Field& field : m.fields) {
    const std::string_view name = field.name.in(block.data());
    const std::string_view value = field.value.in(block.data());
    request_.trailers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  return Progress::kComplete;
}

}  // namespace alicorn
