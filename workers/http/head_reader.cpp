#include "workers/http/head_reader.hpp"

#include "base/ascii.hpp"

#include <algorithm>

#include <string.h>

namespace alicorn {
namespace {

constexpr alicorn_string view(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

void HeadReader::reset() {
  state_ = State::kEmptyLine;
  rejection_ = {};
  line_begin_ = 0;
  line_size_ = 0;
  judged_ = 0;
  facts_.reset();
}

std::string_view HeadReader::request_line(const char* bytes) const {
  if (line_size_ == 0) return {};
  return {bytes + line_begin_, line_size_};
}

ReadProgress HeadReader::reject(Rejection why) {
  state_ = State::kEnded;
  rejection_ = why;
  return ReadProgress::kRejected;
}

/// kComplete: the line has ended, and the fields begin.
ReadProgress HeadReader::read_request_line(const char* bytes, std::size_t size,
                                           HttpRequest& request) {
  if (state_ == State::kEmptyLine) {
    // RFC 9112 section 2.2: one empty line is forgiven. A CR that is not followed by LF is no valid
    // request either.
    if (line_begin_ == 0 && size > 0 && bytes[0] == '\r') {
      if (size == 1) return ReadProgress::kNeedMore;
      if (bytes[1] == '\n') line_begin_ = 2;
    }
    if (size <= line_begin_) return ReadProgress::kNeedMore;
    state_ = State::kRequestLine;
    scanned_ = line_begin_;
    // Checked at once, not at the line's end, which may never come: TLS on a plain port begins like
    // this.
    if (!is_token_char(bytes[line_begin_])) return reject({400, "this is not HTTP"});
  }

  const char* const begin = bytes + line_begin_;
  const void* const found = ::memchr(bytes + scanned_, '\n', size - scanned_);
  const char* end = found != nullptr ? static_cast<const char*>(found) : bytes + size;
  const bool ends_in_cr = end[-1] == '\r';
  if (ends_in_cr) --end;
  const auto line_size = static_cast<std::size_t>(end - begin);
  const std::size_t line_max = limits_.request_line_max;
  line_size_ = static_cast<std::uint32_t>(std::min(line_size, line_max));
  if (line_size > line_max) {
    return is_token({begin, line_max})
               ? reject({501, "the method is longer than a request line may be"})
               : reject({414, "the request line is too long"});
  }
  if (found == nullptr) {
    scanned_ = size;
    return ReadProgress::kNeedMore;
  }
  if (!ends_in_cr) return reject({400, "the request line ends with a bare LF"});
  if (const Rejection bad = parse_request_line({begin, line_size}, line_)) return reject(bad);
  request.method_id = line_.method_id;  // a refusal of the rest must know whether it is HEAD
  state_ = State::kFields;
  block_.begin_head(line_.version_minor, static_cast<std::uint32_t>(line_begin_ + line_size + 2));
  return ReadProgress::kComplete;
}

ReadProgress HeadReader::read_fields(char* bytes, std::size_t size, HttpRequest& request) {
  const std::size_t size_max = limits_.head_size_max;
  const std::size_t end = std::min(size, size_max);
  const FieldBlock::Fed fed = block_.feed(bytes, end);
  // Judge the new fields first: they came before any fault that the block has found after them.
  const auto& fields = block_.fields();
  for (const auto* field = fields.data() + judged_; judged_ != fields.size(); ++field, ++judged_) {
    const Rejection bad = facts_.add(field->name.in(bytes), field->value.in(bytes), judged_);
    if (bad) return reject(bad);
  }
  if (fed == FieldBlock::Fed::kBlockEnded) return finish(bytes, request);

  // The verdict must not depend on how the bytes were split. So the first byte too many decides,
  // even when llhttp, which was given more at once, has found another fault after it.
  const std::size_t reached = fed == FieldBlock::Fed::kError ? block_.error_offset() : end;
  if (reached > block_.line_begin() + std::size_t{limits_.field_size_max} + 2) {
    return reject({431, "a field line is too long"});
  }
  if (fed == FieldBlock::Fed::kError) return reject(block_.rejection());
  if (size > size_max) return reject({431, "the head is too large"});
  return ReadProgress::kNeedMore;
}

ReadProgress HeadReader::finish(const char* bytes, HttpRequest& request) {
  if (const Rejection bad = facts_.finish(line_.at_least_1_1())) return reject(bad);
  const std::int64_t length = facts_.content_length();
  if (!block_.frames_body_as(length)) return reject({400, "ambiguous framing"});
  const std::uint64_t body_max = limits_.body_size_max;
  if (body_max != 0 && length > 0 && static_cast<std::uint64_t>(length) > body_max) {
    return reject({413, "Content-Length is over the limit"});
  }
  describe(bytes, request);
  size_ = std::size_t{block_.line_begin()} + 2;
  state_ = State::kEnded;
  return ReadProgress::kComplete;
}

/// Makes the views. This comes last because the buffer may have moved until now.
void HeadReader::describe(const char* bytes, HttpRequest& request) const {
  const char* const first = bytes + line_begin_;
  request.method = line_.method.in(first);
  request.target = line_.target.in(first);
  request.version_minor = line_.version_minor;
  request.content_length = facts_.content_length();
  request.keep_alive = facts_.keep_alive(line_.at_least_1_1());
  request.expects_continue = facts_.expects_continue();

  std::size_t path_size = line_.path_size;
  if (path_size == 0) {  // "http://host" and "http://host?query" mean the path "/", but for OPTIONS
    const bool asterisk = line_.method_id == ALICORN_METHOD_OPTIONS && !line_.has_query;
    // Stored in the request, and not as a string: a short string would move when the request is
    // swapped.
    std::vector<char>& rebuilt = request.rebuilt_target;
    rebuilt.assign(1, asterisk ? '*' : '/');
    rebuilt.insert(rebuilt.end(), request.target.begin(), request.target.end());
    request.target = {rebuilt.data(), rebuilt.size()};
    path_size = 1;
  }
  request.path = request.target.substr(0, path_size);
  request.query = request.target.substr(path_size + (line_.has_query ? 1 : 0));

  request.fields.clear();
  for (const FieldBlock::Field& field : block_.fields()) {
    request.fields.push_back({view(field.name.in(bytes)), view(field.value.in(bytes))});
  }
  alicorn_string* const host =
      facts_.has_host() ? &request.fields[facts_.host_index()].value : nullptr;
  if (line_.form == RequestLine::Form::kAbsolute) {
    request.authority = line_.authority.in(first);
    // RFC 9112 section 3.2.2: Host is ignored, also for an app that reads it itself.
    if (host != nullptr) *host = view(request.authority);
  } else {
    request.authority = host != nullptr ? std::string_view{host->data, host->size} : "";
  }
}

}  // namespace alicorn
