// Lines of fields (a head's, or the trailers) and the chunks of a body, read by llhttp, or, if a
// head is plain, by plain_fields.hpp. Its .cpp is the only file that knows llhttp. Plain functions
// of bytes. Worker, I/O thread.
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

/// llhttp never sees a request line or, for chunks, a head: it starts after one that we made up
/// (see prepared_parsers()). Every position is an offset into the block that is fed, because the
/// buffer may move between two calls.
///
/// The class checks the form of each line and the limits on lines, and leaves out the fields that
/// are forbidden by their name alone (an underscore, "Proxy"). What the other fields mean is for
/// its user to decide.
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

  /// The limits must outlive the block. Up to `fields_expected` fields need no new memory.
  FieldBlock(const HttpLimits& limits, WorkerSettings::HeaderMap header_map,
             std::size_t fields_expected = 0);
  ~FieldBlock();
  FieldBlock(const FieldBlock&) = delete;
  FieldBlock& operator=(const FieldBlock&) = delete;

  /// Begins a head's fields at `offset` of the block, after a request line of that version.
  void begin_head(std::uint16_t version_minor, std::uint32_t offset);
  /// Begins after the head of a chunked request: a size line comes first.
  void begin_chunks();
  /// Begins after the size line of the last chunk, in a block of their own.
  void begin_trailers();

  /// Reads the bytes of `block` that it has not had, up to `end`. Changes names to lower case in
  /// place. On kError the fields() are those before the faulty line.
  Fed feed(char* block, std::size_t end);
  /// The complete fields of the current block so far.
  const std::vector<Field>& fields() const { return fields_; }
  /// Where the current line begins; on kBlockEnded, the empty line that ended the block.
  std::uint32_t line_begin() const { return line_begin_; }

  /// Gives llhttp bytes of a size line, at most up to its LF. False: malformed.
  bool feed_size_line(const char* bytes, std::size_t size);
  /// Valid after the current size line has ended; nothing if llhttp took its LF for something
  /// other than the end.
  std::optional<std::uint64_t> chunk_size() const { return chunk_size_; }
  /// Gives llhttp data of a chunk and the CRLF after it, and appends the data to `out`. False:
  /// malformed.
  bool feed_chunk(const char* bytes, std::size_t size, std::string& out);
  /// The chunk is over: a size line follows.
  void begin_size_line() { chunk_size_.reset(); }

  /// After a head's kBlockEnded: does the reader of the lines agree that the body is framed by
  /// `content_length` (-1: chunked)? Two different readings would let a smuggler in.
  bool frames_body_as(std::int64_t content_length) const;
  /// Why the last feed failed: our own reason, or llhttp's with a 400.
  Rejection rejection() const;
  /// The position in the block at which feed() met its last error.
  std::size_t error_offset() const;

 private:
  struct Llhttp;  // and its callbacks
  /// Who reads the block. A head is given to the plain lane once, with its first bytes, and from
  /// its first byte to llhttp if the lane declines.
  enum class Lane : std::uint8_t { kUndecided, kPlain, kLlhttp };

  void begin_block(std::uint32_t offset);
  Lane choose_lane(char* block, std::size_t end);
  // llhttp's callbacks. If they return non-zero, llhttp stops, and rejection_ says why.
  int on_name(const char* at, std::size_t size);
  int on_value(const char* at, std::size_t size);
  int on_field_complete();
  int refuse(Rejection why);

  const HttpLimits& limits_;
  const WorkerSettings::HeaderMap header_map_;
  const std::unique_ptr<Llhttp> llhttp_;
  Rejection rejection_;
  Lane lane_ = Lane::kUndecided;
  std::uint16_t version_minor_ = 1;         // of the head's request line
  std::uint64_t plain_content_length_ = 0;  // in the plain lane

  // The current block:
  char* block_ = nullptr;
  const char* block_end_ = nullptr;  // the end of what llhttp has been given
  const char* fault_at_ = nullptr;   // llhttp reports a piece at its end: where a bad one began
  std::size_t fed_ = 0;
  std::uint32_t line_begin_ = 0;   // of the current line
  std::uint32_t field_count_ = 0;  // including the fields left out
  Field field_;                    // the current line, as far as it has been read
  std::vector<Field> fields_;

  // The current chunk:
  std::optional<std::uint64_t> chunk_size_;
  std::string* chunk_out_ = nullptr;
};

}  // namespace alicorn
