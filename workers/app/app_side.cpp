#include "workers/app/app_side.hpp"

#include "workers/app/try_allocating.hpp"

#include <cstdint>
#include <utility>

#include <sys/stat.h>

namespace alicorn {

std::int32_t AppSide::invalid(std::string_view why) {
  call_.facts_.log_error(why);
  return ALICORN_ERROR_INVALID;
}

std::int32_t AppSide::pass_on(Answer::Reply reply) {
  if (reply.has_news) call_.tell_io();
  if (*reply.why != '\0') call_.facts_.log_error(reply.why);
  return reply.code;
}

/// The app called something after the call that must be its last.
std::int32_t AppSide::pass_on_last(Answer::Reply reply) {
  if (reply.code == ALICORN_OK) call_.callbacks_.note_answered();
  return pass_on(reply);
}

/// Gives up the leadership first: a thread that waits here waits for what the I/O thread does.
template <class Condition>
void AppSide::wait_until(Lock& lock, Condition condition) {
  if (condition() || call_.callbacks_.is_gone()) return;
  call_.environment_.executor->about_to_block();
  call_.position_ = AppCall::Position::kWaitsForClient;
  while (!condition() && !call_.callbacks_.is_gone()) call_.changed_.wait(lock);
  call_.position_ = AppCall::Position::kRuns;
  call_.times_.note_sign_of_life();
}

std::int32_t AppSide::take_response(std::int32_t status, const alicorn_field* headers,
                                    std::uint32_t count, const alicorn_buffer* body,
                                    DroppedBuffers& dropped) {
  if (is_moot()) {
    call_.callbacks_.note_answered();
    dropped.add_all(body, 1);
    return ALICORN_ERROR_GONE;
  }
  if (body != nullptr && body->size > Answer::kSmallBodyMax && lies_in_request_body(*body)) {
    return answer_with_request_body(status, headers, count, *body);
  }
  return pass_on_last(call_.answer_.respond(status, headers, count, body, dropped));
}

/// For an app that gets its bodies whole: a piece of a streamed one goes when the next comes.
bool AppSide::lies_in_request_body(const alicorn_buffer& body) {
  const alicorn_string& whole = call_.facts_.abi().body;
  const auto begin = reinterpret_cast<std::uintptr_t>(whole.data);
  const auto at = reinterpret_cast<std::uintptr_t>(body.data);
  return body.release == nullptr && !call_.environment_.streams_body && at >= begin &&
         at - begin <= whole.size && body.size <= whole.size - (at - begin);
}

/// The request's body lives until the response has left, so it need not be copied.
std::int32_t AppSide::answer_with_request_body(std::int32_t status, const alicorn_field* headers,
                                               std::uint32_t count, alicorn_buffer body) {
  body.release = [](void* /*context*/) {};
  DroppedBuffers dropped;  // must go before the buffer
  return pass_on_last(call_.answer_.respond(status, headers, count, &body, dropped));
}

std::int32_t AppSide::respond(std::int32_t status, const alicorn_field* headers,
                              std::uint32_t count, const alicorn_buffer* body) {
  DroppedBuffers dropped;
  const Lock lock(call_.mutex_);
  return take_response(status, headers, count, body, dropped);
}

std::int32_t AppSide::send_file(std::int32_t status, const alicorn_field* headers,
                                std::uint32_t count, UniqueFd fd, std::int64_t offset,
                                std::int64_t length) {
  struct stat info {};
  // This may wait for a disk, and the leader may want the lock meanwhile. The same holds for
  // closing a file that is not taken: it is closed after the lock is released.
  const bool is_regular = ::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode);
  FilePart file{std::move(fd), offset, length, info.st_dev};
  const Lock lock(call_.mutex_);
  if (is_moot()) {
    call_.callbacks_.note_answered();
    return ALICORN_ERROR_GONE;
  }
  if (call_.answer_.stage() != Answer::Stage::kNone) return ALICORN_ERROR_STATE;
  if (!is_regular) {
    return invalid("the app gave send_file() a descriptor that is no regular file");
  }
  if (offset < 0 || offset > info.st_size || length < -1 ||
      (length >= 0 && length > info.st_size - offset)) {
    return invalid("the app gave send_file() a range outside the file");
  }
  if (length < 0) file.remaining = info.st_size - offset;
  return pass_on_last(call_.answer_.send_file(status, headers, count, file));
}

std::int32_t AppSide::begin(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                            std::int64_t length) {
  const Lock lock(call_.mutex_);
  if (is_moot()) return ALICORN_ERROR_GONE;
  return pass_on(call_.answer_.begin(status, headers, count, length));
}

std::int32_t AppSide::write(const alicorn_buffer* buffers, std::uint32_t count) {
  DroppedBuffers dropped;
  Lock lock(call_.mutex_);
  if (is_moot()) {
    dropped.add_all(buffers, count);
    return ALICORN_ERROR_GONE;
  }
  const Answer::Reply reply = call_.answer_.write(buffers, count, dropped);
  if (reply.wrote) call_.times_.note_sign_of_life();
  if (const std::int32_t code = pass_on(reply); code != ALICORN_OK) return code;
  if (!call_.answer_.is_behind()) return ALICORN_OK;
  if (!may_block()) {
    // Also for a loop app that has not deferred the request yet.
    call_.callbacks_.want(CallbacksDue::Event::kWritable);
    return ALICORN_FULL;
  }
  wait_until(lock, [this]() ALICORN_REQUIRES(call_.mutex_) { return call_.answer_.has_room(); });
  return call_.callbacks_.is_gone() ? ALICORN_ERROR_GONE : ALICORN_OK;
}

std::int32_t AppSide::end(const alicorn_field* trailers, std::uint32_t count) {
  const Lock lock(call_.mutex_);
  if (is_moot()) {
    call_.callbacks_.note_answered();
    return ALICORN_ERROR_GONE;
  }
  const Answer::Reply reply = call_.answer_.end(trailers, count);
  // Also where the end came too early, or twice: nothing more will come.
  const Answer::Stage stage = call_.answer_.stage();
  if (stage == Answer::Stage::kComplete || stage == Answer::Stage::kFailed) {
    call_.callbacks_.note_answered();
  }
  return pass_on(reply);
}

std::int32_t AppSide::interim(std::int32_t status, const alicorn_field* headers,
                              std::uint32_t count) {
  const Lock lock(call_.mutex_);
  if (is_moot()) return ALICORN_ERROR_GONE;
  return pass_on(call_.answer_.interim(status, headers, count));
}

std::int32_t AppSide::body_next(alicorn_string* piece) {
  using Kind = RequestBody::Next::Kind;
  Lock lock(call_.mutex_);
  if (is_moot()) return ALICORN_ERROR_GONE;
  if (piece == nullptr) return invalid("the app gave body_next() no place for the piece");
  const bool streamed = call_.environment_.streams_body;
  if (streamed && !call_.body_.is_wanted()) {
    call_.body_.note_wanted();
    if (call_.body_.arrival() != RequestBody::Arrival::kWhole) call_.tell_io();
  }
  RequestBody::Next next = call_.body_.next();
  if (next.kind == Kind::kNotYet) {
    if (!may_block()) {
      if (!call_.callbacks_.is_deferred()) return ALICORN_ERROR_STATE;
      call_.callbacks_.want(CallbacksDue::Event::kReadable);
      return ALICORN_WAIT;
    }
    wait_until(lock, [&]() ALICORN_REQUIRES(call_.mutex_) {
      next = call_.body_.next();
      return next.kind != Kind::kNotYet;
    });
  }
  switch (next.kind) {
    case Kind::kPiece:
      *piece = next.piece;
      if (streamed) call_.times_.note_sign_of_life();
      if (next.made_room) call_.tell_io();
      return ALICORN_OK;
    case Kind::kEnd:
      if (streamed) call_.facts_.show_trailers(call_.body_.trailers());
      return ALICORN_END;
    case Kind::kAborted:
    case Kind::kNotYet:
      break;
  }
  return ALICORN_ERROR_GONE;
}

std::int32_t AppSide::defer(alicorn_event_function on_event, void* context) {
  const Lock lock(call_.mutex_);
  const bool is_complete = call_.answer_.stage() == Answer::Stage::kComplete;
  if (!call_.callbacks_.is_finished() && is_complete) return ALICORN_ERROR_STATE;
  return call_.callbacks_.defer(on_event, context);
}

std::int32_t AppSide::extend_deadline(std::uint32_t milliseconds_from_now) {
  const Lock lock(call_.mutex_);
  const bool is_over = call_.callbacks_.cancelled() == ALICORN_CANCEL_DEADLINE;
  if (call_.callbacks_.is_finished() || is_over) return ALICORN_ERROR_GONE;
  // Even without a client: a thread that is held beyond the deadline is taken for stuck.
  const std::uint64_t time = to_us(now());
  const std::uint64_t deadline = time + std::uint64_t{milliseconds_from_now} * 1000;
  call_.set_deadline_us(deadline);
  call_.times_.note_extension(time, deadline);
  if (call_.callbacks_.is_gone()) return ALICORN_ERROR_GONE;
  call_.tell_io();
  return ALICORN_OK;
}

std::int32_t AppSide::after_response(void (*function)(void*), void* context) {
  const Lock lock(call_.mutex_);
  if (call_.callbacks_.is_finished()) return ALICORN_ERROR_GONE;
  if (function == nullptr) return ALICORN_ERROR_INVALID;
  const AppJob job{.kind = AppJob::Kind::kAfterResponse, .after = function, .context = context};
  const bool has_room = try_allocating([&] { call_.callbacks_.push_after(job); });
  return has_room ? ALICORN_OK : ALICORN_ERROR_MEMORY;
}

std::int32_t AppSide::annotate(alicorn_string name, alicorn_string value) {
  const Lock lock(call_.mutex_);
  if (call_.callbacks_.is_finished()) return ALICORN_ERROR_GONE;
  const std::int32_t result = call_.annotations_.add(name, value);
  if (result != ALICORN_OK) return result;
  call_.slot_.annotate({name.data, name.size}, {value.size == 0 ? "" : value.data, value.size});
  return ALICORN_OK;
}

std::int32_t AppSide::set_reason(alicorn_string reason) {
  const Lock lock(call_.mutex_);
  if (is_moot()) return ALICORN_ERROR_GONE;
  const Answer::Reply reply = call_.answer_.set_reason(reason);
  return reply.code == ALICORN_ERROR_INVALID ? invalid(reply.why) : reply.code;
}

std::int32_t AppSide::complete(std::uint64_t generation, std::int32_t status,
                               const alicorn_field* headers, std::uint32_t count,
                               const alicorn_buffer* body) {
  DroppedBuffers dropped;
  const Lock lock(call_.mutex_);
  if (!is_of(generation) || call_.callbacks_.is_finished()) {
    dropped.add_all(body, 1);
    return ALICORN_ERROR_GONE;
  }
  if (!call_.callbacks_.is_deferred()) {
    dropped.add_all(body, 1);
    return ALICORN_ERROR_STATE;
  }
  const std::int32_t result = take_response(status, headers, count, body, dropped);
  if (result != ALICORN_OK) call_.answer_.fail();
  call_.callbacks_.finish();
  call_.tell_io();
  return result;
}

std::int32_t AppSide::resume(std::uint64_t generation, alicorn_resume_function function,
                             void* context) {
  const Lock lock(call_.mutex_);
  if (!is_of(generation) || call_.callbacks_.is_finished()) return ALICORN_ERROR_GONE;
  if (!call_.callbacks_.is_deferred()) return ALICORN_ERROR_STATE;
  if (function == nullptr) return ALICORN_ERROR_INVALID;
  const AppJob job{.kind = AppJob::Kind::kResume, .function = function, .context = context};
  const bool has_room = try_allocating([&] { call_.callbacks_.push_resume(job); });
  if (!has_room) return ALICORN_ERROR_MEMORY;
  call_.tell_io();
  return ALICORN_OK;
}

std::int32_t AppSide::cancelled(std::uint64_t generation) {
  const Lock lock(call_.mutex_);
  if (!is_of(generation) || call_.callbacks_.is_finished()) return ALICORN_ERROR_GONE;
  return call_.callbacks_.cancelled();
}

bool AppSide::request_id(std::uint64_t generation, std::string& id) {
  const Lock lock(call_.mutex_);
  if (!is_of(generation)) return false;
  id = call_.facts_.id();
  return true;
}

}  // namespace alicorn
