#include "workers/http/field_block.hpp"

#include "alicorn/detail/rules.hpp"
#include "base/ascii.hpp"
#include "workers/http/plain_fields.hpp"

#include <llhttp.h>

#include <array>

#define ALICORN_TEXT(token) #token
#define ALICORN_TEXT_OF(macro) ALICORN_TEXT(macro)

#if LLHTTP_VERSION_MAJOR < 9
static_assert(LLHTTP_STRICT_MODE == 1, "a loose llhttp 8 lets smuggled requests through");
#endif

namespace alicorn {
namespace {

/// The bytes that llhttp has been given before the first byte of a block.
enum class Start : std::uint8_t { kFieldsOf10, kFieldsOf11, kChunks };

}  // namespace

struct FieldBlock::Llhttp {
  using Prepared = std::array<llhttp_t, 3>;

  llhttp_t parser{};
  const Prepared& prepared = prepared_parsers();

  void start(Start at, FieldBlock* user) {
    parser = prepared[static_cast<std::size_t>(at)];
    parser.data = user;
  }

  static FieldBlock& user_of(llhttp_t* parser) { return *static_cast<FieldBlock*>(parser->data); }

  /// The end of the head, or of the trailers; nothing else pauses llhttp. What llhttp would do next
  /// about a body, an upgrade or the connection is either asked for or never reached.
  static int on_block_end(llhttp_t*) { return HPE_PAUSED; }
  static int on_chunk_header(llhttp_t* parser) {
    user_of(parser).chunk_size_ = parser->content_length;
    return 0;
  }
  static const llhttp_settings_t* settings();
  static const Prepared& prepared_parsers();
};

const llhttp_settings_t* FieldBlock::Llhttp::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t callbacks;
    llhttp_settings_init(&callbacks);
    callbacks.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
      return user_of(parser).on_name(at, size);
    };
    callbacks.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
      return user_of(parser).on_value(at, size);
    };
    callbacks.on_header_value_complete = [](llhttp_t* parser) {
      return user_of(parser).on_field_complete();
    };
    callbacks.on_headers_complete = on_block_end;
    callbacks.on_chunk_header = on_chunk_header;
    callbacks.on_body = [](llhttp_t* parser, const char* at, std::size_t size) {
      user_of(parser).chunk_out_->append(at, size);
      return 0;
    };
    callbacks.on_message_complete = on_block_end;
    return callbacks;
  }();
  return &table;
}

/// llhttp in the states after a request line of HTTP/1.0, after one of HTTP/1.1, and after the head
/// of a chunked request. A copy of such a state is a parser ready for what follows. The method is
/// one for which llhttp decides the framing by the fields alone.
const FieldBlock::Llhttp::Prepared& FieldBlock::Llhttp::prepared_parsers() {
  static const Prepared parsers = [] {
    static constexpr std::string_view kBefore[] = {
        "POST / HTTP/1.0\r\n", "POST / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"};
    Prepared made;
    llhttp_settings_t silent;  // for as long as there is no user
    llhttp_settings_init(&silent);
    for (std::size_t i = 0; i < made.size(); ++i) {
      llhttp_init(&made[i], HTTP_REQUEST, &silent);
      llhttp_execute(&made[i], kBefore[i].data(), kBefore[i].size());
      made[i].settings = const_cast<llhttp_settings_t*>(settings());
    }
    return made;
  }();
  return parsers;
}

std::string_view FieldBlock::llhttp_version() {
  return ALICORN_TEXT_OF(LLHTTP_VERSION_MAJOR) "." ALICORN_TEXT_OF(
      LLHTTP_VERSION_MINOR) "." ALICORN_TEXT_OF(LLHTTP_VERSION_PATCH);
}

FieldBlock::FieldBlock(const HttpLimits& limits, WorkerSettings::HeaderMap header_map,
                       std::size_t fields_expected)
    : limits_(limits), header_map_(header_map), llhttp_(std::make_unique<Llhttp>()) {
  fields_.reserve(fields_expected);
}

FieldBlock::~FieldBlock() = default;

void FieldBlock::begin_block(std::uint32_t offset) {
  fed_ = offset;
  line_begin_ = offset;
  field_ = {{offset, 0}, {}};
  field_count_ = 0;
  fields_.clear();
}

void FieldBlock::begin_head(std::uint16_t version_minor, std::uint32_t offset) {
  lane_ = Lane::kUndecided;
  version_minor_ = version_minor;
  begin_block(offset);
}

FieldBlock::Lane FieldBlock::choose_lane(char* block, std::size_t end) {
  const auto plain = read_plain_fields(block, fed_, end, limits_, header_map_, fields_);
  if (plain) {
    line_begin_ = plain->empty_line;
    plain_content_length_ = plain->content_length;
    return Lane::kPlain;
  }
  fields_.clear();
  rejection_ = {};
  llhttp_->start(version_minor_ >= 1 ? Start::kFieldsOf11 : Start::kFieldsOf10, this);
  return Lane::kLlhttp;
}

void FieldBlock::begin_chunks() {
  lane_ = Lane::kLlhttp;
  llhttp_->start(Start::kChunks, this);
  rejection_ = {};
  begin_size_line();
}

void FieldBlock::begin_trailers() {
  begin_block(0);
}

FieldBlock::Fed FieldBlock::feed(char* block, std::size_t end) {
  if (end <= fed_) return Fed::kAll;
  if (lane_ == Lane::kUndecided) lane_ = choose_lane(block, end);
  if (lane_ == Lane::kPlain) return Fed::kBlockEnded;
  llhttp_t* const parser = &llhttp_->parser;
  block_ = block;
  block_end_ = block + end;
  fault_at_ = nullptr;
  const llhttp_errno_t error = llhttp_execute(parser, block + fed_, end - fed_);
  fed_ = end;
  if (error == HPE_OK) return Fed::kAll;
  if (error != HPE_PAUSED) return Fed::kError;
  // llhttp 8 also accepts a bare LF as the empty line.
  const char* const last_line = block + line_begin_;
  if (block_end_ - last_line < 2 || last_line[0] != '\r' || last_line[1] != '\n' ||
      llhttp_get_error_pos(parser) != last_line + 2) {
    refuse({400, "the fields do not end with an empty line"});
    return Fed::kError;
  }
  return Fed::kBlockEnded;
}

bool FieldBlock::feed_size_line(const char* bytes, std::size_t size) {
  return llhttp_execute(&llhttp_->parser, bytes, size) == HPE_OK;
}

bool FieldBlock::feed_chunk(const char* bytes, std::size_t size, std::string& out) {
  chunk_out_ = &out;
  return llhttp_execute(&llhttp_->parser, bytes, size) == HPE_OK;
}

bool FieldBlock::frames_body_as(std::int64_t content_length) const {
  const bool chunked = content_length < 0;
  const std::uint64_t length = chunked ? 0 : static_cast<std::uint64_t>(content_length);
  if (lane_ == Lane::kPlain) return !chunked && plain_content_length_ == length;
  const llhttp_t& parser = llhttp_->parser;
  return ((parser.flags & F_CHUNKED) != 0) == chunked && parser.content_length == length;
}

Rejection FieldBlock::rejection() const {
  if (rejection_) return rejection_;
  const char* const reason = llhttp_get_error_reason(&llhttp_->parser);
  return {400, reason != nullptr ? reason : "malformed request"};
}

std::size_t FieldBlock::error_offset() const {
  const char* const at = fault_at_ != nullptr ? fault_at_ : llhttp_get_error_pos(&llhttp_->parser);
  return static_cast<std::size_t>(at - block_);
}

int FieldBlock::refuse(Rejection why) {
  rejection_ = why;
  return HPE_USER;
}

int FieldBlock::on_name(const char* at, std::size_t size) {
  // The first piece must begin where the line before it ended; any other, where the last piece did.
  if (at != block_ + field_.name.begin + field_.name.size) {
    fault_at_ = at;
    return refuse({400, "a field line does not begin with its name"});
  }
  field_.name.size += static_cast<std::uint32_t>(size);
  return 0;
}

int FieldBlock::on_value(const char* at, std::size_t size) {
  if (size == 0) return 0;
  const auto begin = static_cast<std::uint32_t>(at - block_);
  if (field_.value.size == 0) {
    field_.value.begin = begin;
  } else if (begin != field_.value.begin + field_.value.size) {
    fault_at_ = at;
    return refuse({400, "a folded field value"});
  }
  field_.value.size += static_cast<std::uint32_t>(size);
  return 0;
}

/// The line must be name ":" OWS value OWS CRLF and nothing else. Since every line begins where the
/// previous one ended, llhttp cannot read any byte of the block differently from us: no folds,
/// empty names or bare line ends. The line's end is in the block, because llhttp has seen it, so no
/// loop runs past the end.
int FieldBlock::on_field_complete() {
  static constexpr Rejection kMalformed{400, "malformed field line"};
  const char* at = block_ + field_.name.begin + field_.name.size;
  if (field_.name.size == 0) return refuse({400, "an empty field name"});
  if (*at != ':') return refuse(kMalformed);
  do {
    ++at;
  } while (is_ows(*at));
  if (field_.value.size == 0) {
    field_.value.begin = static_cast<std::uint32_t>(at - block_);
  } else if (at != block_ + field_.value.begin) {
    return refuse(kMalformed);
  } else {
    at += field_.value.size;
    while (is_ows(at[-1])) --at;  // ends at the value's first byte, or before it at the colon
    field_.value.size = static_cast<std::uint32_t>(at - block_) - field_.value.begin;
  }
  while (is_ows(*at)) ++at;
  if (block_end_ - at < 2 || at[0] != '\r' || at[1] != '\n') return refuse(kMalformed);

  const auto line_end = static_cast<std::uint32_t>(at - block_);
  if (line_end - line_begin_ > limits_.field_size_max) {
    return refuse({431, "a field line is too long"});
  }
  if (++field_count_ > limits_.field_count_max) return refuse({431, "too many fields"});
  const bool has_underscore = lower_token(block_ + field_.name.begin, field_.name.size);
  if (has_underscore && header_map_ == WorkerSettings::HeaderMap::kRefuse) {
    return refuse({400, "a field name with an underscore"});
  }
  const bool is_dropped = has_underscore && header_map_ == WorkerSettings::HeaderMap::kDrop;
  if (!is_dropped && !rules::is_httpoxy(field_.name.in(block_))) fields_.push_back(field_);
  line_begin_ = line_end + 2;
  field_ = {{line_begin_, 0}, {}};
  return 0;
}

}  // namespace alicorn
