// The I/O side of a call: body in, response out. On the I/O thread, under the call's mutex.
#include "workers/app/app_call.hpp"
#include "workers/app/app_host.hpp"
#include "workers/app/try_allocating.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

/// A streamed body that is further ahead of the app holds the client back.
constexpr std::size_t kBodyHighWater = 128 * 1024;

}  // namespace

HttpParser::Progress AppCall::receive(HttpParser& parser, const char* bytes, std::size_t size) {
  Lock lock(mutex_);
  make_room_for_body();
  const std::size_t before = body_.size();
  const HttpParser::Progress progress = parser.parse_body(bytes, size, body_);
  if (!host_.streams_body()) {
    host_.bodies().set_size(body_share_, body_.size());
  } else if (!host_.settings().crash.directory.empty()) {
    streamed_.append(std::string_view(body_).substr(before), streamed_size_max(),
                     host_.bodies().room());
    host_.bodies().set_size(body_share_, streamed_.bytes().size());
  }
  if (progress == HttpParser::Progress::kComplete) {
    for (const alicorn_field& field : parser.request().trailers) {
      trailer_text_.append(field.name.data, field.name.size)
          .append(field.value.data, field.value.size);
    }
    std::size_t offset = 0;
    for (alicorn_field field : parser.request().trailers) {
      field.name.data = trailer_text_.data() + offset;
      field.value.data = field.name.data + field.name.size;
      offset += field.name.size + field.value.size;
      trailers_.push_back(field);
    }
    if (!host_.streams_body()) show_trailers();
    body_ended_ = true;
  } else if (progress == HttpParser::Progress::kRejected) {
    body_failed_ = true;
  }
  body_changed(lock);
  return progress;
}

/// A body whose length is known is not to take twice its memory while it grows. Not before the
/// client has really begun with it; and what is reserved is not resident yet.
void AppCall::make_room_for_body() {
  constexpr std::int64_t kReservedMax = 16 << 20;
  const std::int64_t length = std::min(request_.content_length, kReservedMax);
  const bool is_large = body_.size() >= BodyBudget::kSmallBody;
  if (host_.streams_body() || !is_large || length <= static_cast<std::int64_t>(body_.capacity())) {
    return;
  }
  try_allocating([&] { body_.reserve(static_cast<std::size_t>(length)); });
}

bool AppCall::body_may_grow() {
  return host_.bodies().may_grow(body_share_);
}

std::uint64_t AppCall::body_wait_end_us() {
  return host_.bodies().wait_end_us(body_share_);
}

bool AppCall::body_is_too_slow(std::uint64_t now_us) {
  return host_.bodies().is_too_slow(body_share_, now_us);
}

std::uint64_t AppCall::streamed_size_max() const {
  const std::uint64_t size_max = host_.settings().crash.body_size_max;
  const std::int64_t length = request_.content_length;
  return length < 0 ? size_max : std::min(size_max, static_cast<std::uint64_t>(length));
}

RequestBytes AppCall::request_bytes() const noexcept {
  const bool chunked = request_.content_length < 0;
  RequestBytes bytes;
  bytes.head = received_head_;
  bytes.chunked = chunked;
  bytes.request_id = id_storage_;
  bytes.body = host_.streams_body() ? streamed_.bytes() : as_view(view_.body);
  const std::uint64_t received = host_.streams_body() ? streamed_.total() : bytes.body.size();
  bytes.body_size = chunked ? received : static_cast<std::uint64_t>(request_.content_length);
  return bytes;
}

/// Who waits for the body looks again.
void AppCall::body_changed(Lock& lock) {
  readable_pending_ |= std::exchange(wants_readable_, false);
  wake_waiting_thread();
  schedule_if_due(lock);
}

void AppCall::schedule_if_due(Lock& lock) {
  const bool due = has_job();
  lock.unlock();
  if (due && !scheduled_) schedule();
}

/// Before start(), or in the callback that has just read the end of the body: the app may read
/// these any time later.
void AppCall::show_trailers() {
  view_.trailers = trailers_.data();
  view_.trailer_count = static_cast<std::uint32_t>(trailers_.size());
}

void AppCall::body_aborted() {
  Lock lock(mutex_);
  if (body_ended_) return;
  body_failed_ = true;
  body_changed(lock);
}

std::uint64_t AppCall::body_bytes() {
  const Lock lock(mutex_);
  return body_is_dropped() ? 0 : static_cast<std::uint64_t>(body_written_);
}

bool AppCall::body_has_room() {
  const Lock lock(mutex_);
  body_stalled_ = body_.size() >= kBodyHighWater;
  return !body_stalled_;
}

AppCall::Progress AppCall::collect(std::string& head_out, OutputQueue& body_out, FilePart& file) {
  std::optional<OutputQueue> dropped;  // its releases run without the lock
  Lock lock(mutex_);
  Progress progress{.stage = stage_};
  if (!interim_text_.empty()) {
    head_out += interim_text_;
    interim_text_.clear();
    progress.took_something = true;
  }
  if (stage_ == Stage::kFailed && !head_collected_) {
    // The answer is a 500: what was written behind a head that never left goes with that head.
    queue_.swap(dropped.emplace());
    drop_file();
  }
  const bool has_head = stage_ == Stage::kBegun || stage_ == Stage::kComplete;
  if (has_head && !head_collected_) {
    head_collected_ = progress.head_is_new = progress.took_something = true;
    head_out += head_text_;
    progress.head = head_;
    progress.framing = framing_;
    progress.length = length_;
  }
  if (body_out.empty() && !queue_.empty()) {
    queue_.swap(body_out);
    progress.took_something = true;
    wake_waiting_thread();
    writable_pending_ |= std::exchange(wants_writable_, false);
  }
  // More is queued than was taken: the end is not there yet for the connection.
  if (stage_ == Stage::kComplete && !queue_.empty()) progress.stage = Stage::kBegun;
  if (file_.remaining > 0) {
    file = std::exchange(file_, FilePart{});
    progress.took_something = true;
  }
  if (writable_pending_) schedule_if_due(lock);
  return progress;
}

}  // namespace alicorn
