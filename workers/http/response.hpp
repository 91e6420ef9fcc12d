// A response as bytes: validation of what the app gave, framing, serialisation. Plain functions.
// Worker.
#pragma once

#include "alicorn/app.h"
#include "alicorn/detail/rules.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

/// How the client learns where the body ends.
enum class Framing {
  kNone,     ///< no body, no length: 1xx, 204, 304 (or HEAD without a known length)
  kLength,   ///< Content-Length
  kChunked,  ///< HTTP/1.1 without a known length
  kClose,    ///< HTTP/1.0 without a known length
};

/// What append_head() learned from the app's status and fields.
struct ResponseHead {
  std::int32_t status = 0;
  std::int64_t content_length = -1;  ///< the app's Content-Length; -1: none given
  bool has_date = false;
  bool has_server = false;
};

/// Appends the status line and the app's fields. Any app thread. The following give
/// ALICORN_ERROR_INVALID, with `out` unchanged and `why` set to a sentence for the log: hop-by-hop
/// fields that the ABI refuses (Connection, Transfer-Encoding, Upgrade, Keep-Alive, TE, Trailer,
/// Proxy-Connection); a CR, LF, NUL or control byte; an empty or non-token name; a status outside
/// 200..599; a bad, repeated or conflicting Content-Length. A Content-Length of the app is parsed
/// into `head` and not written: append_head_end() writes the one that is valid. `reason`: of the
/// status; "": HTTP's own.
std::int32_t append_head(std::string& out, std::int32_t status, const alicorn_field* fields,
                         std::uint32_t field_count, ResponseHead& head, const char*& why,
                         std::string_view reason = {});

using rules::status_allows_body;

struct HeadEnd {
  Framing framing = Framing::kLength;
  std::int64_t content_length = 0;  ///< for kLength
  bool keep_alive = true;
  std::uint16_t version_minor = 1;  ///< the client's: a 1.0 client is told if it is kept alive
  std::string_view own_fields{};    ///< OwnFields::lines()
};
/// Appends the server's own fields and the empty line. I/O thread.
void append_head_end(std::string& out, const HeadEnd& end);

/// Appends a complete interim response (102, 103), with its empty line. Validates as append_head().
std::int32_t append_interim(std::string& out, std::int32_t status, const alicorn_field* fields,
                            std::uint32_t field_count, const char*& why);

void append_chunk_size(std::string& out,
                       std::size_t size);  ///< "1f\r\n"; the data and a CRLF follow it
/// Appends "0\r\n", the trailers, "\r\n". Forbidden trailers (framing, routing, authentication,
/// content) give ALICORN_ERROR_INVALID, and nothing is appended.
std::int32_t append_last_chunk(std::string& out, const alicorn_field* trailers,
                               std::uint32_t trailer_count, const char*& why);

/// The server's own answer: a short text body that never echoes the input. Complete, with
/// Connection: close unless keep_alive.
struct ErrorAnswer {
  int status = 500;
  bool keep_alive = false;
  bool head_only = false;           ///< the answer is to a HEAD request
  std::uint32_t retry_after_s = 0;  ///< 0: no Retry-After
  std::uint16_t version_minor = 1;  ///< as in HeadEnd
  std::string_view own_fields{};
};
void append_error(std::string& out, const ErrorAnswer& answer);
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view reason_phrase(int status);  ///< "" for an unknown status

}  // namespace alicorn
