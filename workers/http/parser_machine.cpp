#include "workers/http/parser_machine.hpp"

#include "base/ascii.hpp"

#include <array>

#define ALICORN_TEXT(token) #token
#define ALICORN_TEXT_OF(macro) ALICORN_TEXT(macro)

namespace alicorn {
namespace {

HttpMachine& machine_of(llhttp_t* llhttp) {
  return *static_cast<HttpMachine*>(llhttp->data);
}

/// The end of the head, or of the trailers. What llhttp would do next about a body, an upgrade or
/// the connection is asked for or never reached.
int on_block_end(llhttp_t* llhttp) {
  machine_of(llhttp).block_ended = true;
  return HPE_PAUSED;
}

int on_chunk_header(llhttp_t* llhttp) {
  HttpMachine& machine = machine_of(llhttp);
  machine.chunk_begun = true;
  machine.body_left = llhttp->content_length;
  return 0;
}

const llhttp_settings_t* settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t callbacks;
    llhttp_settings_init(&callbacks);
    callbacks.on_header_field = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      return machine_of(llhttp).on_name(at, size);
    };
    callbacks.on_header_value = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      return machine_of(llhttp).on_value(at, size);
    };
    callbacks.on_header_value_complete = [](llhttp_t* llhttp) {
      return machine_of(llhttp).on_field_complete();
    };
    callbacks.on_headers_complete = on_block_end;
    callbacks.on_chunk_header = on_chunk_header;
    callbacks.on_body = [](llhttp_t* llhttp, const char* at, std::size_t size) {
      machine_of(llhttp).body_out->append(at, size);
      return 0;
    };
    callbacks.on_message_complete = on_block_end;
    return callbacks;
  }();
  return &table;
}

/// llhttp as it stands behind a request line of HTTP/1.0 and of 1.1. A copy of it is a parser ready
/// for fields. The method is one that llhttp frames by the fields alone.
const llhttp_t& prepared_llhttp(bool at_least_1_1) {
  static const std::array<llhttp_t, 2> prepared = [] {
    std::array<llhttp_t, 2> parsers;
    for (std::size_t minor = 0; minor < parsers.size(); ++minor) {
      const std::string_view line = minor == 0 ? "POST / HTTP/1.0\r\n" : "POST / HTTP/1.1\r\n";
      llhttp_init(&parsers[minor], HTTP_REQUEST, settings());
      llhttp_execute(&parsers[minor], line.data(), line.size());
    }
    return parsers;
  }();
  return prepared[at_least_1_1 ? 1 : 0];
}

}  // namespace

void HttpMachine::reset() {
  phase = Phase::kEmptyLine;
  rejection = {};
  request_begin = 0;
  request_line_size = 0;
  request_begun = false;
  scanned = 0;
  facts = {};
  body_size = 0;
  extensions_size = 0;
  trailer_bytes.clear();
}

void HttpMachine::begin_head_fields(std::uint32_t offset) {
  phase = Phase::kFields;
  llhttp = prepared_llhttp(at_least_1_1());
  llhttp.data = this;
  fed = offset;
  line_begin = offset;
  field = {{offset, 0}, {}};
  field_count = 0;
  fields.clear();
  block_ended = false;
}

void HttpMachine::begin_body() {
  if (facts.content_length() < 0) return begin_size_line();
  body_left = static_cast<std::uint64_t>(facts.content_length());
}

void HttpMachine::begin_size_line() {
  phase = Phase::kSizeLine;
  size_digits = 0;
  in_extension = false;
  chunk_begun = false;
}

void HttpMachine::begin_trailers() {
  phase = Phase::kTrailers;
  fed = 0;
  line_begin = 0;
  field = {};
  field_count = 0;
  fields.clear();
  block_ended = false;
}

HttpMachine::Fed HttpMachine::feed_fields(char* block_in, std::size_t begin, std::size_t end) {
  block = block_in;
  block_end = block + end;
  fault_at = nullptr;
  const llhttp_errno_t error = llhttp_execute(&llhttp, block + begin, end - begin);
  fed = end;
  if (error == HPE_OK) return Fed::kAll;
  if (error != HPE_PAUSED || !block_ended) return Fed::kError;
  // llhttp 8 also takes a bare LF for the empty line.
  const char* const last_line = block + line_begin;
  if (block_end - last_line < 2 || last_line[0] != '\r' || last_line[1] != '\n' ||
      llhttp_get_error_pos(&llhttp) != last_line + 2) {
    refuse({400, "the fields do not end with an empty line"});
    return Fed::kError;
  }
  llhttp_resume(&llhttp);
  return Fed::kBlockEnded;
}

bool HttpMachine::feed_chunk(const char* bytes, std::size_t size) {
  return llhttp_execute(&llhttp, bytes, size) == HPE_OK;
}

std::string_view HttpMachine::why() const {
  if (rejection) return rejection.reason;
  const char* const reason = llhttp_get_error_reason(&llhttp);
  return reason != nullptr ? reason : "malformed request";
}

std::size_t HttpMachine::error_offset() const {
  const char* const at = fault_at != nullptr ? fault_at : llhttp_get_error_pos(&llhttp);
  return static_cast<std::size_t>(at - block);
}

bool HttpMachine::agrees_on_framing() const {
  const bool chunked = facts.content_length() < 0;
  const std::uint64_t length = chunked ? 0 : static_cast<std::uint64_t>(facts.content_length());
  return ((llhttp.flags & F_CHUNKED) != 0) == chunked && llhttp.content_length == length;
}

int HttpMachine::refuse(Rejection why_not) {
  rejection = why_not;
  return HPE_USER;
}

int HttpMachine::on_name(const char* at, std::size_t size) {
  // The first piece must begin where the line before it ended, any other where the last piece did.
  if (at != block + field.name.begin + field.name.size) {
    fault_at = at;
    return refuse({400, "a field line does not begin with its name"});
  }
  field.name.size += static_cast<std::uint32_t>(size);
  return 0;
}

int HttpMachine::on_value(const char* at, std::size_t size) {
  if (size == 0) return 0;
  const auto begin = static_cast<std::uint32_t>(at - block);
  if (field.value.size == 0) {
    field.value.begin = begin;
  } else if (begin != field.value.begin + field.value.size) {
    fault_at = at;
    return refuse({400, "a folded field value"});
  }
  field.value.size += static_cast<std::uint32_t>(size);
  return 0;
}

/// The line is name ":" OWS value OWS CRLF and nothing else. With every line beginning where the
/// one before it ended, no byte of the block is read by llhttp in another way than here: folds,
/// empty names, bare line ends. The line's end is in the block, for llhttp has seen it: no loop
/// runs out.
int HttpMachine::on_field_complete() {
  static constexpr Rejection kMalformed{400, "malformed field line"};
  const char* at = block + field.name.begin + field.name.size;
  if (field.name.size == 0) return refuse({400, "an empty field name"});
  if (*at != ':') return refuse(kMalformed);
  do {
    ++at;
  } while (is_ows(*at));
  if (field.value.size == 0) {
    field.value.begin = static_cast<std::uint32_t>(at - block);
  } else if (at != block + field.value.begin) {
    return refuse(kMalformed);
  } else {
    at += field.value.size;
    while (is_ows(at[-1])) --at;  // ends at the value's first byte, or before it at the colon
    field.value.size = static_cast<std::uint32_t>(at - block) - field.value.begin;
  }
  while (is_ows(*at)) ++at;
  if (block_end - at < 2 || at[0] != '\r' || at[1] != '\n') return refuse(kMalformed);

  const auto line_end = static_cast<std::uint32_t>(at - block);
  if (line_end - line_begin > limits.field_size_max) {
    return refuse({431, "a field line is too long"});
  }
  if (++field_count > limits.field_count_max) return refuse({431, "too many fields"});
  if (const Rejection bad = take_field()) return refuse(bad);
  line_begin = line_end + 2;
  field = {{line_begin, 0}, {}};
  return 0;
}

Rejection HttpMachine::take_field() {
  const bool has_underscore = lower_token(block + field.name.begin, field.name.size);
  if (has_underscore && header_map != WorkerSettings::HeaderMap::kDangerous) {
    if (header_map == WorkerSettings::HeaderMap::kDrop) return {};
    return {400, "a field name with an underscore"};
  }
  const std::string_view name = field.name.in(block);
  // CGI-style apps would read it as HTTP_PROXY, the setting of their own HTTP clients ("httpoxy").
  if (name == "proxy") return {};
  if (in_trailers()) {
    if (is_framing_field(name)) return {400, "a field that frames the body, behind the body"};
    if (is_forbidden_trailer(name)) return {};
  } else {
    const auto index = static_cast<std::uint32_t>(fields.size());
    if (const Rejection bad = facts.add(name, field.value.in(block), index)) return bad;
  }
  fields.push_back(field);
  return {};
}

std::string_view HttpParser::llhttp_version() {
  return ALICORN_TEXT_OF(LLHTTP_VERSION_MAJOR) "." ALICORN_TEXT_OF(
      LLHTTP_VERSION_MINOR) "." ALICORN_TEXT_OF(LLHTTP_VERSION_PATCH);
}

}  // namespace alicorn
