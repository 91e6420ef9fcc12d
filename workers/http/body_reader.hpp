// Reads the body of a request, by its length or chunk by chunk, with its limits and trailers. Plain
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
  /// Limits and block must outlive the reader. The reader owns the block's state while it reads a
  /// chunked body.
  BodyReader(const HttpLimits& limits, FieldBlock& block) : limits_(limits), block_(block) {}

  /// Begins a body. `content_length`: as in HttpRequest; -1: chunked. A length is not checked
  /// against the limit here: that was done with the head. Keeps its memory.
  void begin(std::int64_t content_length);

  /// Reads the next bytes and appends the decoded body to `out`. On kComplete `request` has the
  /// trailers, as views into this reader that are valid until the next begin(). After a body has
  /// ended, the result stays the same until then.
  ReadProgress read(const char* bytes, std::size_t size, std::string& out, HttpRequest& request);

  /// How many of the bytes last read belong to the body: on kNeedMore all of them, on kRejected
  /// none.
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
  // Only while the body is chunked:
  std::uint64_t chunks_size_ = 0;  // the sum of the sizes
  std::uint64_t extensions_size_ = 0;
  std::uint32_t size_digits_ = 0;
  FieldBlock& block_;
  std::uint32_t judged_ = 0;  // trailers already judged
  std::string trailer_bytes_;
};

}  // namespace alicorn
