// What an app says about its request, and not to its client: that it keeps it, until when, what
// runs afterwards, a fact for the logs. On an app thread, under the call's mutex.
#include "workers/app/app_call.hpp"
#include "workers/app/try_allocating.hpp"

namespace alicorn {

std::int32_t AppCall::defer(alicorn_event_function on_event, void* context) {
  const Lock lock(mutex_);
  if (finished_) return ALICORN_ERROR_GONE;
  if (deferred_ || stage_ == Stage::kComplete) return ALICORN_ERROR_STATE;
  deferred_ = true;
  on_event_ = on_event;
  event_context_ = context;
  // A cancellation that came before is told as an event too.
  cancel_pending_ = on_event != nullptr && cancel_.load(std::memory_order_relaxed) != 0;
  return ALICORN_OK;
}

std::int32_t AppCall::extend_deadline(std::uint32_t milliseconds_from_now) {
  const Lock lock(mutex_);
  const bool is_over = cancel_.load(std::memory_order_relaxed) == ALICORN_CANCEL_DEADLINE;
  if (finished_ || is_over) return ALICORN_ERROR_GONE;
  // Without a client, too: a thread that is held beyond the deadline is taken for stuck.
  const std::uint64_t time = to_us(now());
  const std::uint64_t deadline = time + std::uint64_t{milliseconds_from_now} * 1000;
  set_deadline_us(deadline);
  sign_of_life_us_.store(time, std::memory_order_relaxed);
  extended_us_.store(deadline, std::memory_order_relaxed);
  if (gone()) return ALICORN_ERROR_GONE;
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::after_response(void (*function)(void*), void* context) {
  const Lock lock(mutex_);
  if (finished_) return ALICORN_ERROR_GONE;
  if (function == nullptr) return ALICORN_ERROR_INVALID;
  const Job job{.kind = JobKind::kAfterResponse, .after = function, .context = context};
  return try_allocating([&] { after_.push(job); }) ? ALICORN_OK : ALICORN_ERROR_MEMORY;
}

std::int32_t AppCall::annotate(alicorn_string name, alicorn_string value) {
  constexpr std::size_t kAnnotationsMax = 32;
  constexpr std::size_t kAnnotationSizeMax = 1024;
  const Lock lock(mutex_);
  if (finished_) return ALICORN_ERROR_GONE;
  if (name.size == 0 || name.data == nullptr) return ALICORN_ERROR_INVALID;
  if (value.size != 0 && value.data == nullptr) return ALICORN_ERROR_INVALID;
  // Each by itself first: the sum of two sizes may wrap.
  const bool is_long = name.size > kAnnotationSizeMax || value.size > kAnnotationSizeMax ||
                       name.size + value.size > kAnnotationSizeMax;
  if (annotation_count_ == kAnnotationsMax || is_long) {
    return ALICORN_ERROR_LIMIT;
  }
  const bool has_room = try_allocating([&] {
    if (annotation_count_ == annotations_.size()) annotations_.emplace_back();
    auto& [key, text] = annotations_[annotation_count_];
    key.assign(name.data, name.size);
    text.assign(value.data == nullptr ? "" : value.data, value.size);
  });
  if (!has_room) return ALICORN_ERROR_MEMORY;
  ++annotation_count_;
  slot_.annotate({name.data, name.size}, {value.data == nullptr ? "" : value.data, value.size});
  return ALICORN_OK;
}

}  // namespace alicorn
