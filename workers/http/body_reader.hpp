// The body of a request, by its length or chunk by chunk, with its limits and trailers. Plain
// functions of bytes. Worker, I/O thread.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/field_block.hpp"
#include "workers/http/progress.hpp"
#include "workers/http/request.hpp"
#include "workers/http/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace alicorn {

class BodyReader {
 public:
  /// Limits and block must outlive it. The block is the reader's while it reads a chunked body.
  BodyReader(const HttpLimits& limits, FieldBlock& block) : limits_(limits), block_(block) {}

  /// The body begins. `content_length`: as HttpRequest has it, -1: chunked. A length is not held to
  /// the limit here: the head was. Keeps its memory.
  void begin(std::int64_t content_length);

  /// The next bytes. Appends the decoded body to `out`. On kComplete `request` has the trailers, as
  /// views into this reader until the next begin(). A body that ended stays what it became until
  /// then.
  ReadProgress read(const char* bytes, std::size_t size, std::string& out, HttpRequest& request);

  /// How many of the bytes last read belong to the body: all of them on kNeedMore, none counts on
  /// kRejected.
  std::size_t consumed() const { return consumed_; }
  const Rejection& rejection() const { return rejection_; }

 private:
  enum class State : std::uint8_t {
    kLength,
    kChunkSize,  ///< the digits of a size line
    kExtension,  ///< the rest of a size line
    kChunk,      ///< the data, and the CRLF behind it
    kTrailers,
    kEnded,
  };

  ReadProgress read_length(const char* bytes, std::size_t size, std::string& out);
  ReadProgress read_chunks(const char* bytes, std::size_t size, std::string& out,
                           HttpRequest& request);
  ReadProgress read_size_line(const char* bytes, std::size_t size);
  ReadProgress read_trailers(const char* bytes, std::size_t size, HttpRequest& request);
  void describe_trailers(HttpRequest& request) const;
  void begin_size_line();
  void begin_trailers();
  ReadProgress reject(Rejection why);

  const HttpLimits& limits_;
  State state_ = State::kEnded;
  Rejection rejection_;
  std::size_t consumed_ = 0;
  std::uint64_t left_ = 0;  // bytes to come: of the body, or of this chunk and its CRLF
  // While the body is chunked:
  std::uint64_t chunks_size_ = 0;  // the sizes' sum
  std::uint64_t extensions_size_ = 0;
  std::uint32_t size_digits_ = 0;
  FieldBlock& block_;
  std::uint32_t judged_ = 0;  // trailers that were looked at
  std::string trailer_bytes_;
};

}  // namespace alicorn
