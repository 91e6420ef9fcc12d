#include "workers/http/parser.hpp"

#include "base/ascii.hpp"
#include "workers/http/parser_machine.hpp"

#include <algorithm>

#include <string.h>

namespace alicorn {
namespace {

constexpr alicorn_string view(std::string_view text) {
  return {text.data(), text.size()};
}

/// What a browser sends fits; more grows the vectors once.
constexpr std::size_t kFieldsExpected = 24;

}  // namespace

HttpParser::HttpParser(const HttpLimits& limits, WorkerSettings::HeaderMap header_map)
    : machine_(std::make_unique<HttpMachine>(limits, header_map)) {
  machine_->fields.reserve(kFieldsExpected);
  request_.fields.reserve(kFieldsExpected);
}

HttpParser::~HttpParser() = default;

void HttpParser::reset() {
  machine_->reset();
  request_.method_id = ALICORN_METHOD_OTHER;
  request_.fields.clear();
  request_.trailers.clear();
  consumed_ = 0;
  status_ = 0;
  reason_ = {};
}

bool HttpParser::started() const {
  return machine_->request_begun;
}

std::string_view HttpParser::request_line(const char* bytes) const {
  if (machine_->request_line_size == 0) return {};
  return {bytes + machine_->request_begin, machine_->request_line_size};
}

HttpParser::Progress HttpParser::reject(int status, std::string_view reason) {
  status_ = status;
  reason_ = reason;
  consumed_ = 0;
  return Progress::kRejected;
}

HttpParser::Progress HttpParser::parse_head(char* bytes, std::size_t size) {
  if (status_ != 0) return Progress::kRejected;
  if (machine_->phase != HttpMachine::Phase::kFields) {
    const Progress progress = read_request_line(bytes, size);
    if (progress != Progress::kComplete) return progress;
  }
  return read_fields(bytes, size);
}

HttpParser::Progress HttpParser::read_request_line(const char* bytes, std::size_t size) {
  HttpMachine& m = *machine_;
  if (!m.request_begun) {
    // RFC 9112 section 2.2: one empty line is forgiven. A CR that is not followed by LF is no
    // request either.
    if (m.request_begin == 0 && size > 0 && bytes[0] == '\r') {
      if (size == 1) return Progress::kNeedMore;
      if (bytes[1] == '\n') m.request_begin = 2;
    }
    if (size <= m.request_begin) return Progress::kNeedMore;
    m.request_begun = true;
    m.scanned = m.request_begin;
    // At once, not at the line's end, which may never come: TLS on a plain port begins like this.
    if (!is_token_char(bytes[m.request_begin])) return reject(400, "this is not HTTP");
  }

  const char* const begin = bytes + m.request_begin;
  const void* const found = ::memchr(bytes + m.scanned, '\n', size - m.scanned);
  const char* end = found != nullptr ? static_cast<const char*>(found) : bytes + size;
  const bool ends_in_cr = end[-1] == '\r';
  if (ends_in_cr) --end;
  const auto line_size = static_cast<std::size_t>(end - begin);
  m.request_line_size =
      static_cast<std::uint32_t>(std::min<std::size_t>(line_size, m.limits.request_line_max));
  if (line_size > m.limits.request_line_max) {
    return is_token({begin, m.limits.request_line_max})
               ? reject(501, "the method is longer than a request line may be")
               : reject(414, "the request line is too long");
  }
  if (found == nullptr) {
    m.scanned = size;
    return Progress::kNeedMore;
  }
  if (!ends_in_cr) return reject(400, "the request line ends with a bare LF");
  if (const Rejection bad = parse_request_line({begin, line_size}, m.line)) {
    return reject(bad.status, bad.reason);
  }
  request_.method_id = m.line.method_id;  // what refuses the rest has to know whether it is HEAD
  m.begin_head_fields(static_cast<std::uint32_t>(m.request_begin + line_size + 2));
  return Progress::kComplete;
}

HttpParser::Progress HttpParser::read_fields(char* bytes, std::size_t size) {
  HttpMachine& m = *machine_;
  const std::size_t size_max = m.limits.head_size_max;
  const std::size_t end = std::min(size, size_max);
  HttpMachine::Fed result = HttpMachine::Fed::kAll;
  if (end > m.fed) result = m.feed_fields(bytes, m.fed, end);
  if (result == HttpMachine::Fed::kBlockEnded) return finish_head(bytes);

  // The verdict must not depend on how the bytes came: the first byte too many decides, also when
  // llhttp, which was given more at once, has found another fault behind it.
  const std::size_t reached = result == HttpMachine::Fed::kError ? m.error_offset() : end;
  if (reached > m.line_begin + std::size_t{m.limits.field_size_max} + 2) {
    return reject(431, "a field line is too long");
  }
  if (result == HttpMachine::Fed::kError) {
    return reject(m.rejection ? m.rejection.status : 400, m.why());
  }
  if (size > size_max) return reject(431, "the head is too large");
  return Progress::kNeedMore;
}

HttpParser::Progress HttpParser::finish_head(const char* bytes) {
  HttpMachine& m = *machine_;
  if (const Rejection bad = m.facts.finish(m.at_least_1_1())) return reject(bad.status, bad.reason);
  if (!m.agrees_on_framing()) return reject(400, "ambiguous framing");
  const std::int64_t length = m.facts.content_length();
  const std::uint64_t body_max = m.limits.body_size_max;
  if (body_max != 0 && length > 0 && static_cast<std::uint64_t>(length) > body_max) {
    return reject(413, "Content-Length is over the limit");
  }
  describe(bytes);
  m.begin_body();
  consumed_ = m.line_begin + 2;
  return Progress::kComplete;
}

/// The views, made last because the buffer may have moved until now.
void HttpParser::describe(const char* bytes) {
  HttpMachine& m = *machine_;
  const RequestLine& line = m.line;
  const char* const first = bytes + m.request_begin;
  request_.method = line.method.in(first);
  request_.target = line.target.in(first);
  request_.version_major = 1;
  request_.version_minor = line.version_minor;
  request_.content_length = m.facts.content_length();
  request_.keep_alive = m.facts.keep_alive(m.at_least_1_1());
  request_.expects_continue = m.facts.expects_continue();

  std::size_t path_size = line.path_size;
  if (path_size == 0) {  // "http://host" and "http://host?query" mean the path "/", but for OPTIONS
    const bool asterisk = line.method_id == ALICORN_METHOD_OPTIONS && !line.has_query;
    // With the request, and not as a string: a small one would move when the request is swapped.
    std::vector<char>& rebuilt = request_.rebuilt_target;
    rebuilt.assign(1, asterisk ? '*' : '/');
    rebuilt.insert(rebuilt.end(), request_.target.begin(), request_.target.end());
    request_.target = {rebuilt.data(), rebuilt.size()};
    path_size = 1;
  }
  request_.path = request_.target.substr(0, path_size);
  request_.query = request_.target.substr(path_size + (line.has_query ? 1 : 0));

  request_.fields.clear();
  for (const HttpMachine::Field& field : m.fields) {
    request_.fields.push_back({view(field.name.in(bytes)), view(field.value.in(bytes))});
  }
  alicorn_string* const host =
      m.facts.has_host() ? &request_.fields[m.facts.host_index()].value : nullptr;
  if (line.form == RequestLine::Form::kAbsolute) {
    request_.authority = line.authority.in(first);
    // RFC 9112 section 3.2.2: Host is ignored, also by an app that reads it itself.
    if (host != nullptr) *host = view(request_.authority);
  } else {
    request_.authority = host != nullptr ? std::string_view{host->data, host->size} : "";
  }
}

}  // namespace alicorn
