// llhttp and the state around it; private to http_parser*.cpp, the only files that know llhttp.
// Worker, I/O thread.
#pragma once

#include "workers/http/head_facts.hpp"
#include "workers/http/parser.hpp"
#include "workers/http/request_line.hpp"

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#if LLHTTP_VERSION_MAJOR < 9
static_assert(LLHTTP_STRICT_MODE == 1, "a loose llhttp 8 lets smuggled requests through");
#endif

namespace alicorn {

/// llhttp never sees a request line: it starts behind one of our own making (see
/// prepared_llhttp()), reads the block of fields, and of a chunked body the chunks and the
/// trailers. Every position is an offset into the block that is fed, because the buffer may move
/// between two calls.
struct HttpMachine {
  enum class Phase { kEmptyLine, kRequestLine, kFields, kSizeLine, kData, kTrailers };
  enum class Fed { kAll, kBlockEnded, kError };
  struct Field {
    Span name;
    Span value;
  };

  HttpMachine(const HttpLimits& limits_in, WorkerSettings::HeaderMap header_map_in)
      : limits(limits_in), header_map(header_map_in) {}

  void reset();
  /// The fields of the head start at `offset` of the buffer.
  void begin_head_fields(std::uint32_t offset);
  void begin_body();
  void begin_size_line();
  void begin_trailers();

  /// Gives llhttp the bytes [begin, end) of `block`. On kBlockEnded the block of fields ended at
  /// `line_begin` + 2.
  Fed feed_fields(char* block_in, std::size_t begin, std::size_t end);
  /// Gives llhttp bytes of a chunk or its size line.
  bool feed_chunk(const char* bytes, std::size_t size);

  bool in_trailers() const { return phase == Phase::kTrailers; }
  bool at_least_1_1() const { return line.version_minor >= 1; }
  std::string_view why() const;      ///< llhttp's or our reason for the last kError
  std::size_t error_offset() const;  ///< the byte of the block where it was found
  /// Does llhttp frame the body as HeadFacts do? Two readings would be a smuggler's way in.
  bool agrees_on_framing() const;

  /// llhttp's callbacks. Not 0: llhttp stops, and `rejection` says why.
  int on_name(const char* at, std::size_t size);
  int on_value(const char* at, std::size_t size);
  int on_field_complete();
  int refuse(Rejection why_not);

  const HttpLimits& limits;
  const WorkerSettings::HeaderMap header_map;
  llhttp_t llhttp{};
  Phase phase = Phase::kEmptyLine;
  Rejection rejection;

  // The head.
  std::uint32_t request_begin = 0;  ///< behind an empty line
  std::uint32_t request_line_size = 0;
  bool request_begun = false;
  std::size_t scanned = 0;  ///< bytes without a LF
  RequestLine line;
  HeadFacts facts;

  // The block of fields in hand: the head's or the trailers'.
  char* block = nullptr;
  const char* block_end = nullptr;  ///< of what llhttp has been given
  const char* fault_at = nullptr;   ///< llhttp reports a piece at its end: where a bad one began
  std::size_t fed = 0;
  std::uint32_t line_begin = 0;   ///< of the field line in hand
  Field field;                    ///< as far as it was read
  std::uint32_t field_count = 0;  ///< dropped ones too
  std::vector<Field> fields;
  bool block_ended = false;

  // The body.
  std::uint64_t body_left =
      0;  ///< with a Content-Length: bytes to come; chunked: of this chunk and its CRLF
  std::uint64_t body_size = 0;  ///< chunked: sum of the chunk sizes
  std::uint64_t extensions_size = 0;
  std::uint32_t size_digits = 0;
  bool in_extension = false;
  bool chunk_begun = false;
  std::string* body_out = nullptr;
  std::string trailer_bytes;

 private:
  Rejection take_field();
};

}  // namespace alicorn
