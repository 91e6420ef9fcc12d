#include "workers/http/response.hpp"

#include "base/pieces.hpp"
#include "workers/http/response_fields.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace alicorn {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

// Sorted by status. From RFC 9110 and the registry that it founded.
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

void add_field(Pieces& pieces, const ResponseField& field) {
  pieces.add(field.name);
  pieces.add(": ");
  pieces.add(field.value);
  pieces.add("\r\n");
}

void add_status_line(Pieces& pieces, int status, std::string_view reason = {}) {
  if (status == 200 && reason.empty()) return pieces.add("HTTP/1.1 200 OK\r\n");
  pieces.add("HTTP/1.1 ");
  pieces.add(static_cast<std::uint64_t>(status));
  pieces.add(" ");
  pieces.add(reason.empty() ? reason_phrase(status) : reason);
  pieces.add("\r\n");
}

/// Writes the app's fields up to a bad one; notes in `head` those that the server would add itself.
bool add_fields(Pieces& pieces, const alicorn_field* fields, std::uint32_t field_count,
                ResponseHead& head, const char*& why) {
  if (fields == nullptr && field_count != 0) {
    why = "the headers are a null pointer with a count";
    return false;
  }
  for (std::uint32_t i = 0; i < field_count; ++i) {
    ResponseField field;
    if (!check_response_field(fields[i], field, why)) return false;
    switch (rules::kind_of_field(field.name)) {
      case rules::FieldKind::kHopByHop:
        why = "a header that belongs to the server: Connection, Transfer-Encoding or their like";
        return false;
      case rules::FieldKind::kContentLength:
        if (head.content_length >= 0) {
          why = "more than one Content-Length";
          return false;
        }
        if (const auto length = rules::parse_content_length(field.value)) {
          head.content_length = *length;
          continue;
        }
        why = "Content-Length is no number of bytes";
        return false;
      case rules::FieldKind::kDate:
        head.has_date = true;
        break;
      case rules::FieldKind::kServer:
        head.has_server = true;
        break;
      case rules::FieldKind::kOrdinary:
        break;
    }
    add_field(pieces, field);
  }
  return true;
}

void add_head_end(Pieces& pieces, const HeadEnd& end) {
  switch (end.framing) {
    case Framing::kLength:
      pieces.add("Content-Length: ");
      pieces.add(static_cast<std::uint64_t>(std::max<std::int64_t>(end.content_length, 0)));
      pieces.add("\r\n");
      break;
    case Framing::kChunked:
      pieces.add("Transfer-Encoding: chunked\r\n");
      break;
    case Framing::kNone:
    case Framing::kClose:
      break;
  }
  pieces.add(end.own_fields);
  // A body that ends only with the connection cannot leave the connection open.
  if (!end.keep_alive || end.framing == Framing::kClose) {
    pieces.add("Connection: close\r\n");
  } else if (end.version_minor == 0) {
    pieces.add("Connection: keep-alive\r\n");
  }
  pieces.add("\r\n");
}

}  // namespace

std::int32_t append_head(std::string& out, std::int32_t status, const alicorn_field* fields,
                         std::uint32_t field_count, ResponseHead& head, const char*& why,
                         std::string_view reason) {
  head = ResponseHead{};
  head.status = status;
  if (!rules::is_final_status(status)) {
    why = "the status is not within 200 to 599";
    return ALICORN_ERROR_INVALID;
  }
  const std::size_t start = out.size();
  Pieces pieces(out);
  add_status_line(pieces, status, reason);
  if (add_fields(pieces, fields, field_count, head, why)) {
    pieces.flush();
    return ALICORN_OK;
  }
  out.resize(start);
  return ALICORN_ERROR_INVALID;
}

void append_head_end(std::string& out, const HeadEnd& end) {
  Pieces pieces(out);
  add_head_end(pieces, end);
  pieces.flush();
}

std::int32_t append_interim(std::string& out, std::int32_t status, const alicorn_field* fields,
                            std::uint32_t field_count, const char*& why) {
  if (!rules::is_interim_status(status)) {
    why = "the status of an interim response is not 102 or 103";
    return ALICORN_ERROR_INVALID;
  }
  const std::size_t start = out.size();
  Pieces pieces(out);
  add_status_line(pieces, status);
  ResponseHead head;
  bool good = add_fields(pieces, fields, field_count, head, why);
  if (good && head.content_length >= 0) {
    why = "Content-Length in an interim response";
    good = false;
  }
  if (!good) {
    out.resize(start);
    return ALICORN_ERROR_INVALID;
  }
  pieces.add("\r\n");
  pieces.flush();
  return ALICORN_OK;
}

void append_chunk_size(std::string& out, std::size_t size) {
  char digits[18];
  char* const end = std::to_chars(digits, digits + 16, size, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  out.append(digits, end + 2);
}

std::int32_t append_last_chunk(std::string& out, const alicorn_field* trailers,
                               std::uint32_t trailer_count, const char*& why) {
  if (trailers == nullptr && trailer_count != 0) {
    why = "the trailers are a null pointer with a count";
    return ALICORN_ERROR_INVALID;
  }
  const std::size_t start = out.size();
  Pieces pieces(out);
  pieces.add("0\r\n");
  for (std::uint32_t i = 0; i < trailer_count; ++i) {
    ResponseField field;
    bool good = check_response_field(trailers[i], field, why);
    if (good && rules::is_forbidden_trailer(field.name)) {
      why = "a field that must not be a trailer";
      good = false;
    }
    if (!good) {
      out.resize(start);
      return ALICORN_ERROR_INVALID;
    }
    add_field(pieces, field);
  }
  pieces.add("\r\n");
  pieces.flush();
  return ALICORN_OK;
}

void append_error(std::string& out, const ErrorAnswer& answer) {
  Pieces pieces(out);
  add_status_line(pieces, answer.status);
  pieces.add("Content-Type: text/plain; charset=utf-8\r\n");
  // RFC 9110, section 15.5.6, requires this field. Only the app knows which methods it takes, so
  // this lists all methods that it is ever given.
  if (answer.status == 405) pieces.add("Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n");
  if (answer.retry_after_s != 0) {
    pieces.add("Retry-After: ");
    pieces.add(std::uint64_t{answer.retry_after_s});
    pieces.add("\r\n");
  }
  const std::string_view reason = reason_phrase(answer.status);
  constexpr std::size_t kStatusAndBlank = 4;
  const std::size_t body_size = kStatusAndBlank + reason.size() + 1;
  add_head_end(pieces, {.framing = Framing::kLength,
                        .content_length = static_cast<std::int64_t>(body_size),
                        .keep_alive = answer.keep_alive,
                        .version_minor = answer.version_minor,
                        .own_fields = answer.own_fields});
  if (!answer.head_only) {
    pieces.add(static_cast<std::uint64_t>(answer.status));
    pieces.add(" ");
    pieces.add(reason);
    pieces.add("\n");
  }
  pieces.flush();
}

std::string_view reason_phrase(int status) {
  const Reason* const found =
      std::lower_bound(std::begin(kReasons), std::end(kReasons), status,
                       [](const Reason& reason, int wanted) { return reason.status < wanted; });
  return found != std::end(kReasons) && found->status == status ? found->phrase
                                                                : std::string_view();
}

}  // namespace alicorn
