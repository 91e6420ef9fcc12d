// Lines of fields (a head's, or the trailers) and the chunks of a body, read by llhttp. Its .cpp is
// the only file that knows llhttp. Plain functions of bytes. Worker, I/O thread.
#pragma once

#include "workers/contract/settings.hpp"
#include "workers/http/request_line.hpp"
#include "workers/http/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// llhttp never sees a request line or, for chunks, a head: it starts behind one of our own making
/// (see prepared_parsers()). Every position is an offset into the block that is fed, because the
/// buffer may move between two calls.
///
/// The class holds each line to its form and to the limits on lines, and leaves out the fields
/// whose name alone forbids them (an underscore, "Proxy"). What the others mean is its user's
/// matter.
class FieldBlock {
 public:
  enum class Fed : std::uint8_t { kAll, kBlockEnded, kError };
  /// Name, in lower case, and value, without the white space around it.
  struct Field {
    Span name;
    Span value;
  };

  /// The version of llhttp that is linked: "9.2.1".
  static std::string_view llhttp_version();

  /// The limits must outlive it. `fields_expected`: so many take no new memory.
  FieldBlock(const HttpLimits& limits, WorkerSettings::HeaderMap header_map,
             std::size_t fields_expected = 0);
  ~FieldBlock();
  FieldBlock(const FieldBlock&) = delete;
  FieldBlock& operator=(const FieldBlock&) = delete;

  /// The fields of a head start at `offset` of the block, behind a request line of that version.
  void begin_head(std::uint16_t version_minor, std::uint32_t offset);
  /// Behind the head of a chunked request: a size line comes first.
  void begin_chunks();
  /// Behind the size line of the last chunk, in a block of their own.
  void begin_trailers();

  /// Gives llhttp the bytes of `block` that it has not had, up to `end`. Names are lowered in
  /// place. On kError the fields() are those before the faulty line.
  Fed feed(char* block, std::size_t end);
  /// The fields of the block in hand that have ended so far.
  const std::vector<Field>& fields() const { return fields_; }
  /// Where the line in hand begins; on kBlockEnded the empty line that ended the block.
  std::uint32_t line_begin() const { return line_begin_; }

  /// Gives llhttp bytes of a size line: to its LF at the most. False: malformed.
  bool feed_size_line(const char* bytes, std::size_t size);
  /// Once the size line in hand has ended; nothing if llhttp took its LF for something else.
  std::optional<std::uint64_t> chunk_size() const { return chunk_size_; }
  /// Gives llhttp data of a chunk and the CRLF behind it, and appends the data to `out`. False:
  /// malformed.
  bool feed_chunk(const char* bytes, std::size_t size, std::string& out);
  /// The chunk is over: a size line follows.
  void begin_size_line() { chunk_size_.reset(); }

  /// After a head's kBlockEnded: does llhttp frame the body by a `content_length` (-1: chunked)?
  /// Two readings would be a smuggler's way in.
  bool frames_body_as(std::int64_t content_length) const;
  /// Why the last feed failed: our reason, or llhttp's with a 400.
  Rejection rejection() const;
  /// The byte of the block at which feed() met its last error.
  std::size_t error_offset() const;

 private:
  struct Llhttp;  // and its callbacks

  void begin_block(std::uint32_t offset);
  // llhttp's callbacks. Not 0: llhttp stops, and rejection_ says why.
  int on_name(const char* at, std::size_t size);
  int on_value(const char* at, std::size_t size);
  int on_field_complete();
  int refuse(Rejection why);

  const HttpLimits& limits_;
  const WorkerSettings::HeaderMap header_map_;
  const std::unique_ptr<Llhttp> llhttp_;
  Rejection rejection_;

  // The block in hand:
  char* block_ = nullptr;
  const char* block_end_ = nullptr;  // of what llhttp has been given
  const char* fault_at_ = nullptr;   // llhttp reports a piece at its end: where a bad one began
  std::size_t fed_ = 0;
  std::uint32_t line_begin_ = 0;   // of the line in hand
  std::uint32_t field_count_ = 0;  // the fields left out, too
  Field field_;                    // the line in hand, as far as it was read
  std::vector<Field> fields_;

  // The chunk in hand:
  std::optional<std::uint64_t> chunk_size_;
  std::string* chunk_out_ = nullptr;
};

}  // namespace alicorn
