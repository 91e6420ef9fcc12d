// The app side of a call: what the host table's functions do with a request. On an app thread,
// under the call's mutex.
#include "base/log.hpp"
#include "workers/app/app_call.hpp"
#include "workers/app/app_host.hpp"
#include "workers/app/try_allocating.hpp"
#include "workers/http/response_fields.hpp"

#include <algorithm>

#include <errno.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

/// A stream that is further ahead of its client waits (or is told ALICORN_FULL) until it is half
/// through.
constexpr std::size_t kOutputHighWater = 256 * 1024;

}  // namespace

/// "" with the sum of the sizes, or what no response can be written from.
std::string_view AppCall::add_up(const alicorn_buffer* buffers, std::uint32_t count,
                                 std::size_t& total) const {
  if (buffers == nullptr && count != 0) return "the app wrote a null pointer with a count";
  // All that is ever written must be countable: what HEAD drops is counted, too.
  std::size_t room = kSizeMax - static_cast<std::size_t>(body_written_);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t size = buffers[i].size;
    if (size != 0 && buffers[i].data == nullptr) return "the app wrote a buffer without data";
    if (size > room) return "the app wrote more than any memory can hold";
    room -= size;
    total += size;
  }
  return {};
}

bool AppCall::gone() const {
  const std::int32_t reason = cancel_.load(std::memory_order_relaxed);
  return reason == ALICORN_CANCEL_CLIENT_GONE || reason == ALICORN_CANCEL_DEADLINE;
}

bool AppCall::may_block() const {
  return host_.callbacks_may_block() && !deferred_;
}

template <class Condition>
void AppCall::wait_until(Lock& lock, Condition condition) {
  if (condition() || gone()) return;
  host_.executor().about_to_block();
  blocked_in_host_ = true;
  changed_.wait(lock, [&] { return condition() || gone(); });
  blocked_in_host_ = false;
  note_sign_of_life();
}

std::int32_t AppCall::invalid(std::string_view why) {
  log(why);
  return ALICORN_ERROR_INVALID;
}

bool AppCall::body_is_dropped() const {
  return answers_head() || !status_allows_body(head_.status);
}

/// Serialises the head and decides the framing for a body of `length` bytes (-1: not known).
std::int32_t AppCall::open_head(std::int32_t status, const alicorn_field* headers,
                                std::uint32_t count, std::int64_t length) {
  std::string_view why;
  ResponseHead head;
  head_text_.clear();
  const std::int32_t result = append_head(head_text_, status, headers, count, head, why);
  if (result != ALICORN_OK) return invalid(why);
  const bool head_of_unsent_body = answers_head() && length == 0;
  if (head.content_length >= 0 && length >= 0 && head.content_length != length &&
      !head_of_unsent_body && status_allows_body(status)) {
    return invalid("the app's Content-Length does not match the body it gave");
  }
  if (head.content_length >= 0 && (length < 0 || head_of_unsent_body)) length = head.content_length;
  head_ = head;
  length_ = length;
  if (status == 205) {
    // Unlike 204 and 304 it does not end with its head by itself (RFC 9110 section 15.3.6).
    framing_ = Framing::kLength;
    length_ = 0;
  } else if (!status_allows_body(status)) {
    framing_ = Framing::kNone;
  } else if (length >= 0) {
    framing_ = Framing::kLength;
  } else if (answers_head()) {
    framing_ = Framing::kNone;
  } else {
    framing_ = request_.version_minor >= 1 ? Framing::kChunked : Framing::kClose;
  }
  stage_ = Stage::kBegun;
  return ALICORN_OK;
}

/// For all that write() does with them: once it has begun to take them it must not fail.
void AppCall::make_room_for(const alicorn_buffer* buffers, std::uint32_t count, bool is_cut,
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

void AppCall::append_body(const alicorn_buffer& buffer, DroppedBuffers& dropped) {
  if (body_is_dropped() || buffer.size == 0) {
    dropped.add(buffer);
    return;
  }
  queue_.append_buffer(buffer);
}

std::int32_t AppCall::take_response(std::int32_t status, const alicorn_field* headers,
                                    std::uint32_t count, const alicorn_buffer* body,
                                    DroppedBuffers& dropped) {
  if (finished_ || gone()) {
    finishing_ = true;
    dropped.add_all(body, 1);
    return ALICORN_ERROR_GONE;
  }
  if (stage_ != Stage::kNone) {
    dropped.add_all(body, 1);
    return ALICORN_ERROR_STATE;
  }
  const std::size_t size = body != nullptr ? body->size : 0;
  if (size != 0 && (body->data == nullptr || is_impossible(size))) {
    dropped.add_all(body, 1);
    return invalid(body->data == nullptr ? "the app gave a body without data"
                                         : "the app gave a body that is larger than any memory");
  }
  std::int32_t result = ALICORN_OK;
  const bool has_room = try_allocating([&] {
    result = open_head(status, headers, count, static_cast<std::int64_t>(size));
    if (result == ALICORN_OK && size != 0 && !body_is_dropped()) {
      queue_.make_room(body->release == nullptr ? size : 0, 1);
    }
  });
  if (!has_room) {
    stage_ = Stage::kNone;
    result = ALICORN_ERROR_MEMORY;
  }
  if (result != ALICORN_OK || size == 0 || body_is_dropped()) {
    dropped.add_all(body, 1);
  } else {
    queue_.append_buffer(*body);
  }
  if (result != ALICORN_OK) return result;
  body_written_ = static_cast<std::int64_t>(size);
  stage_ = Stage::kComplete;
  finishing_ = true;
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::respond(std::int32_t status, const alicorn_field* headers,
                              std::uint32_t count, const alicorn_buffer* body) {
  DroppedBuffers dropped;
  const Lock lock(mutex_);
  return take_response(status, headers, count, body, dropped);
}

std::int32_t AppCall::send_file(std::int32_t status, const alicorn_field* headers,
                                std::uint32_t count, UniqueFd fd, std::int64_t offset,
                                std::int64_t length) {
  struct stat info {};
  // May wait for a disk, and whoever leads may want the lock.
  const bool is_regular = ::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode);
  const Lock lock(mutex_);
  if (finished_ || gone()) {
    finishing_ = true;
    return ALICORN_ERROR_GONE;
  }
  if (stage_ != Stage::kNone) return ALICORN_ERROR_STATE;
  if (!is_regular) {
    return invalid("the app gave send_file() a descriptor that is no regular file");
  }
  if (offset < 0 || offset > info.st_size || length < -1 ||
      (length >= 0 && length > info.st_size - offset)) {
    return invalid("the app gave send_file() a range outside the file");
  }
  if (length < 0) length = info.st_size - offset;
  std::int32_t result = ALICORN_OK;
  if (!try_allocating([&] { result = open_head(status, headers, count, length); })) {
    return ALICORN_ERROR_MEMORY;
  }
  if (result != ALICORN_OK) return result;
  if (!body_is_dropped()) file_ = FilePart{std::move(fd), offset, length, info.st_dev};
  body_written_ = length;
  stage_ = Stage::kComplete;
  finishing_ = true;
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::begin(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                            std::int64_t length) {
  const Lock lock(mutex_);
  if (finished_ || gone()) return ALICORN_ERROR_GONE;
  if (stage_ != Stage::kNone) return ALICORN_ERROR_STATE;
  if (length < -1) return invalid("the app gave begin() a negative length");
  std::int32_t result = ALICORN_OK;
  if (!try_allocating([&] { result = open_head(status, headers, count, length); })) {
    return ALICORN_ERROR_MEMORY;
  }
  if (result != ALICORN_OK) return result;
  body_written_ = 0;
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::write(const alicorn_buffer* buffers, std::uint32_t count) {
  DroppedBuffers dropped;
  Lock lock(mutex_);
  const bool refused = finished_ || gone() || stage_ != Stage::kBegun;
  if (refused) {
    dropped.add_all(buffers, count);
    return finished_ || gone() ? ALICORN_ERROR_GONE : ALICORN_ERROR_STATE;
  }
  std::size_t total = 0;
  if (const std::string_view why = add_up(buffers, count, total); !why.empty()) {
    dropped.add_all(buffers, count);
    return invalid(why);
  }
  std::size_t allowed = total;
  if (framing_ == Framing::kLength && status_allows_body(head_.status)) {
    allowed = std::min(total, static_cast<std::size_t>(length_ - body_written_));
  }
  const bool chunked = framing_ == Framing::kChunked && allowed > 0 && !body_is_dropped();
  const bool has_room =
      try_allocating([&] { make_room_for(buffers, count, allowed < total, dropped); });
  if (!has_room) {
    dropped.add_all(buffers, count);
    return ALICORN_ERROR_MEMORY;
  }
  if (chunked) {
    append_chunk_size(queue_.copy_target(), allowed);
    queue_.copied();
  }
  std::size_t left = allowed;
  for (std::uint32_t i = 0; i < count; ++i) {
    alicorn_buffer part = buffers[i];
    part.size = std::min(part.size, left);
    left -= part.size;
    append_body(part, dropped);
  }
  if (chunked) queue_.append_copy("\r\n");
  body_written_ += static_cast<std::int64_t>(allowed);
  if (allowed > 0) note_sign_of_life();
  tell_io();
  if (allowed < total) return invalid("the app wrote more than its Content-Length: cut");
  if (queue_.size() <= kOutputHighWater) return ALICORN_OK;
  if (!may_block()) {
    wants_writable_ = true;  // of a loop app that has yet to defer the request, too
    return ALICORN_FULL;
  }
  wait_until(lock, [this] { return queue_.size() <= kOutputHighWater / 2; });
  return gone() ? ALICORN_ERROR_GONE : ALICORN_OK;
}

std::int32_t AppCall::end(const alicorn_field* trailers, std::uint32_t count) {
  const Lock lock(mutex_);
  finishing_ = true;
  if (finished_ || gone()) return ALICORN_ERROR_GONE;
  if (stage_ != Stage::kBegun) {
    finishing_ = stage_ == Stage::kComplete || stage_ == Stage::kFailed;
    return ALICORN_ERROR_STATE;
  }
  if (framing_ == Framing::kLength && body_written_ < length_ && !body_is_dropped()) {
    fail("the app ended its response before its Content-Length: cut");
    tell_io();
    return ALICORN_ERROR_INVALID;
  }
  // Checked in any case, sent only where the framing has a place for them.
  std::string unsent;
  const bool chunked = framing_ == Framing::kChunked;
  std::string_view why;
  if (chunked || count > 0) {
    std::int32_t result = ALICORN_OK;
    const bool has_room = try_allocating([&] {
      if (chunked) queue_.make_room(0, 1);
      result = append_last_chunk(chunked ? queue_.copy_target() : unsent, trailers, count, why);
    });
    if (!has_room || result != ALICORN_OK) {
      queue_.not_copied();
      finishing_ = false;
      return has_room ? invalid(why) : ALICORN_ERROR_MEMORY;
    }
    if (chunked) queue_.copied();
  }
  stage_ = Stage::kComplete;
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::interim(std::int32_t status, const alicorn_field* headers,
                              std::uint32_t count) {
  const Lock lock(mutex_);
  if (finished_ || gone()) return ALICORN_ERROR_GONE;
  if (stage_ != Stage::kNone) return ALICORN_ERROR_STATE;
  std::string_view why;
  const std::size_t before = interim_text_.size();
  std::int32_t result = ALICORN_OK;
  const bool has_room =
      try_allocating([&] { result = append_interim(interim_text_, status, headers, count, why); });
  if (!has_room) {
    interim_text_.resize(before);
    return ALICORN_ERROR_MEMORY;
  }
  if (result != ALICORN_OK) return invalid(why);
  if (request_.version_minor == 0) {  // RFC 9110 section 15.2: never to HTTP/1.0
    interim_text_.resize(before);
    return ALICORN_OK;
  }
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::body_next(alicorn_string* piece) {
  Lock lock(mutex_);
  if (finished_ || gone()) return ALICORN_ERROR_GONE;
  if (piece == nullptr) return invalid("the app gave body_next() no place for the piece");
  if (!host_.streams_body()) {
    if (std::exchange(body_given_, true) || body_.empty()) return ALICORN_END;
    *piece = {body_.data(), body_.size()};
    return ALICORN_OK;
  }
  if (!body_wanted_.load(std::memory_order_relaxed)) {
    body_wanted_.store(true, std::memory_order_relaxed);
    if (!body_ended_) tell_io();
  }
  const auto available = [this] { return !body_.empty() || body_ended_ || body_failed_; };
  if (!available()) {
    if (!may_block()) {
      if (!deferred_) return ALICORN_ERROR_STATE;
      wants_readable_ = true;
      return ALICORN_WAIT;
    }
    wait_until(lock, available);
  }
  if (!body_.empty()) {
    body_current_.clear();
    std::swap(body_, body_current_);
    *piece = {body_current_.data(), body_current_.size()};
    note_sign_of_life();
    if (std::exchange(body_stalled_, false)) tell_io();
    return ALICORN_OK;
  }
  if (!body_ended_) return ALICORN_ERROR_GONE;
  show_trailers();
  return ALICORN_END;
}

}  // namespace alicorn
