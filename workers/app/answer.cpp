#include "workers/app/answer.hpp"

#include "base/free_memory.hpp"
#include "workers/app/try_allocating.hpp"
#include "workers/http/response_fields.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

using Reply = Answer::Reply;

Reply invalid(const char* why) {
  return {.code = ALICORN_ERROR_INVALID, .why = why};
}

}  // namespace

/// "" with the sum of the sizes, or the reason why no response can be written from the parts.
const char* Answer::add_up(const alicorn_buffer* buffers, std::uint32_t count,
                           std::size_t& total) const {
  if (buffers == nullptr && count != 0) return "the app wrote a null pointer with a count";
  // The total ever written must be countable, so bytes that HEAD drops are counted too.
  std::size_t room = kSizeMax - static_cast<std::size_t>(body_written_);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t size = buffers[i].size;
    if (size != 0 && buffers[i].data == nullptr) return "the app wrote a buffer without data";
    if (size > room) return "the app wrote more than any memory can hold";
    room -= size;
    total += size;
  }
  return "";
}

Framing Answer::framing_of(std::int32_t status, std::int64_t length) const {
  if (!status_allows_body(status)) return Framing::kNone;
  if (length >= 0) return Framing::kLength;
  if (asked_.by_head) return Framing::kNone;
  return asked_.version_minor >= 1 ? Framing::kChunked : Framing::kClose;
}

/// Serialises the head and decides the framing for a body of `length` bytes (-1: not known).
Reply Answer::open_head(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                        std::int64_t length) {
  const char* why = "";
  ResponseHead head;
  head_text_.clear();
  const std::int32_t result = append_head(head_text_, status, headers, count, head, why, reason_);
  if (result != ALICORN_OK) return {.code = result, .why = why};
  const bool head_of_unsent_body = asked_.by_head && length == 0;
  if (head.content_length >= 0 && length >= 0 && head.content_length != length &&
      !head_of_unsent_body && status_allows_body(status)) {
    return invalid("the app's Content-Length does not match the body it gave");
  }
  if (head.content_length >= 0 && (length < 0 || head_of_unsent_body)) length = head.content_length;
  head_ = head;
  framing_ = framing_of(status, length);
  length_ = length;
  if (status == 205) {
    // Unlike 204 and 304, a 205 does not implicitly end with its head (RFC 9110 section 15.3.6).
    framing_ = Framing::kLength;
    length_ = 0;
  }
  stage_ = Stage::kBegun;
  return {.has_news = true};
}

Reply Answer::respond(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                      const alicorn_buffer* body, DroppedBuffers& dropped) {
  if (stage_ != Stage::kNone) {
    dropped.add_all(body, 1);
    return {.code = ALICORN_ERROR_STATE};
  }
  const std::size_t size = body != nullptr ? body->size : 0;
  if (size != 0 && (body->data == nullptr || is_impossible(size))) {
    dropped.add_all(body, 1);
    return invalid(body->data == nullptr ? "the app gave a body without data"
                                         : "the app gave a body that is larger than any memory");
  }
  const bool is_small = size <= kSmallBodyMax && size != 0 && body->release == nullptr;
  Reply reply;
  const bool has_room = try_allocating([&] {
    reply = open_head(status, headers, count, static_cast<std::int64_t>(size));
    if (reply.code != ALICORN_OK || size == 0 || body_is_dropped()) return;
    if (is_small) {
      small_body_.assign(static_cast<const char*>(body->data), size);
    } else {
      queue_.make_room(body->release == nullptr ? size : 0, 1);
    }
  });
  if (!has_room) {
    stage_ = Stage::kNone;
    reply = {.code = ALICORN_ERROR_MEMORY};
  }
  if (reply.code != ALICORN_OK || size == 0 || body_is_dropped()) {
    dropped.add_all(body, 1);
  } else if (!is_small) {
    queue_.append_buffer(*body);
  }
  if (reply.code != ALICORN_OK) return reply;
  body_written_ = static_cast<std::int64_t>(size);
  stage_ = Stage::kComplete;
  return reply;
}

Reply Answer::send_file(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                        FilePart& file) {
  if (stage_ != Stage::kNone) return {.code = ALICORN_ERROR_STATE};
  Reply reply;
  if (!try_allocating([&] { reply = open_head(status, headers, count, file.remaining); })) {
    return {.code = ALICORN_ERROR_MEMORY};
  }
  if (reply.code != ALICORN_OK) return reply;
  body_written_ = file.remaining;
  if (!body_is_dropped()) file_ = std::move(file);
  stage_ = Stage::kComplete;
  return reply;
}

Reply Answer::begin(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                    std::int64_t length) {
  if (stage_ != Stage::kNone) return {.code = ALICORN_ERROR_STATE};
  if (length < -1) return invalid("the app gave begin() a negative length");
  Reply reply;
  if (!try_allocating([&] { reply = open_head(status, headers, count, length); })) {
    return {.code = ALICORN_ERROR_MEMORY};
  }
  if (reply.code == ALICORN_OK) body_written_ = 0;
  return reply;
}

/// Reserves for everything write() does with the parts: once it has begun to take them it must not
/// fail.
void Answer::make_room_for(const alicorn_buffer* buffers, std::uint32_t count, bool is_cut,
                           DroppedBuffers& dropped) {
  constexpr std::size_t kChunkFraming = 32;
  std::size_t copied = kChunkFraming;
  bool drops = is_cut || body_is_dropped();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (buffers[i].release == nullptr) copied += buffers[i].size;
    drops = drops || buffers[i].size == 0;
  }
  if (!body_is_dropped()) queue_.make_room(copied, count + std::size_t{2});
  if (drops) dropped.make_room(count);
}

void Answer::append_body(const alicorn_buffer* buffers, std::uint32_t count, std::size_t allowed,
                         DroppedBuffers& dropped) {
  const bool chunked = framing_ == Framing::kChunked && allowed > 0 && !body_is_dropped();
  if (chunked) {
    append_chunk_size(queue_.copy_target(), allowed);
    queue_.copied();
  }
  std::size_t left = allowed;
  for (std::uint32_t i = 0; i < count; ++i) {
    alicorn_buffer part = buffers[i];
    part.size = std::min(part.size, left);
    left -= part.size;
    if (body_is_dropped() || part.size == 0) {
      dropped.add(part);
    } else {
      queue_.append_buffer(part);
    }
  }
  if (chunked) queue_.append_copy("\r\n");
  body_written_ += static_cast<std::int64_t>(allowed);
}

Reply Answer::write(const alicorn_buffer* buffers, std::uint32_t count, DroppedBuffers& dropped) {
  if (stage_ != Stage::kBegun) {
    dropped.add_all(buffers, count);
    return {.code = ALICORN_ERROR_STATE};
  }
  std::size_t total = 0;
  if (const char* why = add_up(buffers, count, total); *why != '\0') {
    dropped.add_all(buffers, count);
    return invalid(why);
  }
  std::size_t allowed = total;
  if (framing_ == Framing::kLength && status_allows_body(head_.status)) {
    allowed = std::min(total, static_cast<std::size_t>(length_ - body_written_));
  }
  const bool has_room =
      try_allocating([&] { make_room_for(buffers, count, allowed < total, dropped); });
  if (!has_room) {
    dropped.add_all(buffers, count);
    return {.code = ALICORN_ERROR_MEMORY};
  }
  append_body(buffers, count, allowed, dropped);
  Reply reply;
  if (allowed < total) reply = invalid("the app wrote more than its Content-Length: cut");
  reply.has_news = true;
  reply.wrote = allowed > 0;
  return reply;
}

Reply Answer::end(const alicorn_field* trailers, std::uint32_t count) {
  if (stage_ != Stage::kBegun) return {.code = ALICORN_ERROR_STATE};
  if (framing_ == Framing::kLength && body_written_ < length_ && !body_is_dropped()) {
    stage_ = Stage::kFailed;
    return {.code = ALICORN_ERROR_INVALID,
            .has_news = true,
            .why = "the app ended its response before its Content-Length: cut"};
  }
  // Always checked, but sent only where the framing has a place for trailers.
  std::string unsent;
  const bool chunked = framing_ == Framing::kChunked;
  if (chunked || count > 0) {
    const char* why = "";
    std::int32_t result = ALICORN_OK;
    const bool has_room = try_allocating([&] {
      if (chunked) queue_.make_room(0, 1);
      result = append_last_chunk(chunked ? queue_.copy_target() : unsent, trailers, count, why);
    });
    if (!has_room || result != ALICORN_OK) {
      queue_.not_copied();
      return has_room ? invalid(why) : Reply{.code = ALICORN_ERROR_MEMORY};
    }
    if (chunked) queue_.copied();
  }
  stage_ = Stage::kComplete;
  return {.has_news = true};
}

Reply Answer::interim(std::int32_t status, const alicorn_field* headers, std::uint32_t count) {
  if (stage_ != Stage::kNone) return {.code = ALICORN_ERROR_STATE};
  const char* why = "";
  const std::size_t before = interim_text_.size();
  std::int32_t result = ALICORN_OK;
  const bool has_room =
      try_allocating([&] { result = append_interim(interim_text_, status, headers, count, why); });
  if (!has_room) {
    interim_text_.resize(before);
    return {.code = ALICORN_ERROR_MEMORY};
  }
  if (result != ALICORN_OK) return invalid(why);
  if (asked_.version_minor == 0) {  // RFC 9110 section 15.2: never to HTTP/1.0
    interim_text_.resize(before);
    return {};
  }
  return {.has_news = true};
}

Reply Answer::set_reason(alicorn_string reason) {
  constexpr std::size_t kReasonMax = 128;
  if (stage_ != Stage::kNone) return {.code = ALICORN_ERROR_STATE};
  const bool is_text = reason.size == 0 || reason.data != nullptr;
  if (!is_text || reason.size > kReasonMax || !rules::is_field_value({reason.data, reason.size})) {
    return invalid(
        "the app's reason phrase is longer than 128 bytes, or has characters that HTTP forbids");
  }
  const bool has_room = try_allocating([&] { reason_.assign(reason.data, reason.size); });
  return {.code = has_room ? ALICORN_OK : ALICORN_ERROR_MEMORY};
}

std::string_view Answer::fail_unless_complete() {
  if (stage_ == Stage::kComplete || stage_ == Stage::kFailed) return {};
  const bool has_begun = stage_ == Stage::kBegun;
  stage_ = Stage::kFailed;
  return has_begun ? "the app returned after begin() without end() or defer()"
                   : "the app returned without a response and without defer()";
}

Answer::Collected Answer::collect(std::string& head_out, OutputQueue& body_out, FilePart& file,
                                  std::optional<OutputQueue>& dropped) {
  Collected collected{.stage = stage_};
  if (!interim_text_.empty()) {
    head_out += interim_text_;
    interim_text_.clear();
    collected.took_something = true;
  }
  if (stage_ == Stage::kFailed && !head_collected_) drop_queue(dropped);
  const bool has_head = stage_ == Stage::kBegun || stage_ == Stage::kComplete;
  if (has_head && !head_collected_) {
    head_collected_ = collected.head_is_new = collected.took_something = true;
    head_out += head_text_;
    collected.head = head_;
    collected.framing = framing_;
    collected.length = length_;
    collected.small_body = small_body_;
  }
  if (body_out.empty() && !queue_.empty()) {
    queue_.swap(body_out);
    collected.took_something = collected.made_room = true;
  }
  // More is queued than was taken: for the connection, the response has not ended yet.
  if (stage_ == Stage::kComplete && !queue_.empty()) collected.stage = Stage::kBegun;
  if (file_.remaining > 0) {
    file = std::exchange(file_, FilePart{});
    collected.took_something = true;
  }
  return collected;
}

FilePart Answer::drop_file() {
  return std::exchange(file_, FilePart{});
}

void Answer::reset() {
  stage_ = Stage::kNone;
  head_collected_ = false;
  framing_ = Framing::kNone;
  length_ = body_written_ = 0;
  head_text_.clear();
  interim_text_.clear();
  reason_.clear();
  small_body_.clear();
  queue_.clear();
  queue_.trim();
}

void Answer::release_memory() {
  free_memory(head_text_);
  free_memory(interim_text_);
  free_memory(reason_);
  free_memory(small_body_);
  queue_.release_memory();
}

}  // namespace alicorn
