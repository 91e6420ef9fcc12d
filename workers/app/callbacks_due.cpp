#include "workers/app/callbacks_due.hpp"

#include <utility>

namespace alicorn {

std::int32_t CallbacksDue::defer(alicorn_event_function on_event, void* context) {
  if (is_finished()) return ALICORN_ERROR_GONE;
  if (is_deferred()) return ALICORN_ERROR_STATE;
  life_ = Life::kDeferred;
  on_event_ = on_event;
  event_context_ = context;
  if (on_event == nullptr) return ALICORN_OK;
  listener_ = Listener::kListens;
  // A cancellation that came earlier is delivered as an event too.
  if (cancelled_ != 0) pending_ = with(pending_, Event::kCancelled);
  return ALICORN_OK;
}

bool CallbacksDue::cancel(std::int32_t reason) {
  // A drain announces itself early: a harder reason may follow it.
  const bool is_final = cancelled_ != 0 && cancelled_ != ALICORN_CANCEL_DRAIN;
  if (is_finished() || is_final || cancelled_ == reason) return false;
  cancelled_ = reason;
  if (listener_ == Listener::kListens) pending_ = with(pending_, Event::kCancelled);
  return true;
}

void CallbacksDue::detach() {
  is_detached_ = true;
  if (!is_finished() && cancelled_ == 0) cancelled_ = ALICORN_CANCEL_CLIENT_GONE;
}

AppJob CallbacksDue::take() {
  const AppJob job = choose();
  last_ = job.kind;
  return job;
}

AppJob CallbacksDue::choose() {
  if (life_ == Life::kDue) {
    // The client gave up while the request waited for a thread: the app never sees the request.
    life_ = is_gone() ? Life::kFinished : Life::kGiven;
    return is_finished() ? AppJob{} : AppJob{.kind = AppJob::Kind::kRequest};
  }
  // Events and resumes take turns: an app that resumes all the time must get its events too.
  if (has(Event::kCancelled) || last_ == AppJob::Kind::kResume || resumes_.empty()) {
    if (const AppJob event = take_event(); event.kind != AppJob::Kind::kNothing) return event;
  }
  if (!resumes_.empty()) {
    AppJob job = resumes_.take();
    job.with_request = !is_finished();
    return job;
  }
  if (owes_end()) {
    listener_ = Listener::kHeardTheEnd;
    return {.kind = AppJob::Kind::kEvent, .event = ALICORN_EVENT_FINISHED};
  }
  return after_is_due() ? after_.take() : AppJob{};
}

/// The events that the app has not received yet; none if it does not listen.
AppJob CallbacksDue::take_event() {
  constexpr std::pair<Event, std::int32_t> kInOrder[] = {
      {Event::kCancelled, ALICORN_EVENT_CANCELLED},
      {Event::kReadable, ALICORN_EVENT_READABLE},
      {Event::kWritable, ALICORN_EVENT_WRITABLE}};
  if (pending_ == 0) return {};
  if (listener_ == Listener::kNone || is_finished()) {
    pending_ = 0;
    return {};
  }
  for (const auto& [event, number] : kInOrder) {
    if (!has(event)) continue;
    pending_ = without(pending_, event);
    return {.kind = AppJob::Kind::kEvent, .event = number};
  }
  return {};
}

void CallbacksDue::reset() {
  life_ = Life::kFree;
  listener_ = Listener::kNone;
  pending_ = wanted_ = 0;
  is_answered_ = is_detached_ = false;
  cancelled_ = 0;
  on_event_ = nullptr;
  event_context_ = nullptr;
  resumes_.clear();
  after_.clear();
}

}  // namespace alicorn
