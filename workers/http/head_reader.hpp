// Reads the head of a request: its line by our own rules, its fields through a FieldBlock, with the
// limits on both. Plain functions of bytes. Worker, I/O thread.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/field_block.hpp"
#include "workers/http/head_facts.hpp"
#include "workers/http/progress.hpp"
#include "workers/http/request.hpp"
#include "workers/http/request_line.hpp"
#include "workers/http/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alicorn {

class HeadReader {
 public:
  /// Limits and block must outlive the reader. The reader owns the block's state from the end of a
  /// request line to the end of the head.
  HeadReader(const HttpLimits& limits, FieldBlock& block) : limits_(limits), block_(block) {}

  /// Makes it ready for the first byte of the next request. Keeps its memory.
  void reset();

  /// `bytes`: everything received of the request so far, from its first byte. What was seen before
  /// is not read again, and the buffer may have moved since. Changes field names to lower case in
  /// place. `request` has its method_id as soon as the request line has ended, and the whole head,
  /// as views into this buffer, on kComplete. After a head has ended, the result stays the same
  /// until reset().
  ReadProgress read(char* bytes, std::size_t size, HttpRequest& request);

  /// The size of a complete head, including its empty line.
  std::size_t size() const { return size_; }
  /// A byte of a request has been seen (leading empty lines do not count).
  bool started() const { return state_ != State::kEmptyLine; }
  const Rejection& rejection() const { return rejection_; }
  /// The request line as far as it was read; "" if none of it was. `bytes`: where the head is now.
  std::string_view request_line(const char* bytes) const;

 private:
  enum class State : std::uint8_t { kEmptyLine, kRequestLine, kFields, kEnded };

  ReadProgress read_request_line(const char* bytes, std::size_t size, HttpRequest& request);
  ReadProgress read_fields(char* bytes, std::size_t size, HttpRequest& request);
  ReadProgress finish(const char* bytes, HttpRequest& request);
  void describe(const char* bytes, HttpRequest& request) const;
  ReadProgress reject(Rejection why);

  const HttpLimits& limits_;
  State state_ = State::kEmptyLine;
  Rejection rejection_;
  std::size_t size_ = 0;
  std::uint32_t line_begin_ = 0;  // where the request line begins: after an empty line, if any
  std::uint32_t line_size_ = 0;   // as far as it was read, but at most its limit
  std::size_t scanned_ = 0;       // bytes scanned that hold no LF
  RequestLine line_;
  FieldBlock& block_;
  std::uint32_t judged_ = 0;  // fields of the block that facts_ has been given
  HeadFacts facts_;
};

inline ReadProgress HeadReader::read(char* bytes, std::size_t size, HttpRequest& request) {
  if (state_ == State::kEnded) {
    return rejection_ ? ReadProgress::kRejected : ReadProgress::kComplete;
  }
  if (state_ != State::kFields) {
    const ReadProgress progress = read_request_line(bytes, size, request);
    if (progress != ReadProgress::kComplete) return progress;
  }
  return read_fields(bytes, size, request);
}

}  // namespace alicorn
