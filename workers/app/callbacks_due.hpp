// Which callback of the app is due for one request. Decides without acting: no lock, no thread; the
// caller holds the call's lock. Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/app/app_job.hpp"

#include <cstdint>

namespace alicorn {

class CallbacksDue {
 public:
  /// How far the app has got with the request.
  enum class Life {
    kFree,      ///< there is no request
    kOpen,      ///< the app does not know of it yet
    kDue,       ///< on_request must be called
    kGiven,     ///< on_request was called: the request ends with it, unless the app defers
    kDeferred,  ///< the app keeps it beyond that callback
    kFinished,  ///< the app has no more to say about it
  };
  enum class Event : std::uint8_t { kCancelled = 1, kReadable = 2, kWritable = 4 };

  Life life() const { return life_; }
  bool is_open() const { return life_ != Life::kFree; }
  bool is_deferred() const { return life_ == Life::kDeferred; }
  bool is_finished() const { return life_ == Life::kFinished; }

  void open() { life_ = Life::kOpen; }
  void start() { life_ = Life::kDue; }
  /// Instead of on_request: the app is not to know of the request after all.
  void withdraw() { life_ = Life::kOpen; }
  /// Returns ALICORN_ERROR_GONE, ALICORN_ERROR_STATE or ALICORN_OK. `on_event` may be null: the app
  /// does not listen.
  std::int32_t defer(alicorn_event_function on_event, void* context);
  /// The app has given its answer, or tried to when nobody was waiting for it. A deferred request
  /// then ends with the callback that runs.
  void note_answered() { is_answered_ = true; }
  bool is_answered() const { return is_answered_; }
  void finish() { life_ = Life::kFinished; }

  /// `reason`: ALICORN_CANCEL_... False: an equally hard reason, or the end, came before.
  bool cancel(std::int32_t reason);
  std::int32_t cancelled() const { return cancelled_; }
  /// Nobody waits for the answer any longer.
  bool is_gone() const {
    return cancelled_ == ALICORN_CANCEL_CLIENT_GONE || cancelled_ == ALICORN_CANCEL_DEADLINE;
  }
  /// The response has left, or never will: what runs after the response may run now.
  void detach();

  /// The app waits for this event and gets it once. kReadable or kWritable.
  void want(Event event) { wanted_ = with(wanted_, event); }
  void note_possible(Event event) {
    if ((wanted_ & bit(event)) != 0) pending_ = with(pending_, event);
    wanted_ = without(wanted_, event);
  }
  bool is_writable_pending() const { return has(Event::kWritable); }

  // May throw std::bad_alloc, with nothing changed.
  void push_resume(const AppJob& job) { resumes_.push(job); }
  void push_after(const AppJob& job) { after_.push(job); }
  bool has_after() const { return !after_.empty(); }

  bool is_due() const {
    return life_ == Life::kDue || !resumes_.empty() || pending_ != 0 || owes_end() ||
           after_is_due();
  }
  /// No callback with the request will run any more. Functions that run after the response may be
  /// left.
  bool is_over() const { return is_finished() && !is_due(); }
  /// What the app still has to run.
  enum class Rest {
    kCallbacks,   ///< callbacks with the request
    kAfterwards,  ///< functions that run after the response
    kNothing,     ///< the app has run all of it
  };
  /// What comes after a callback.
  struct Next {
    bool is_due = false;  ///< another callback, at once
    Rest rest = Rest::kCallbacks;
  };
  Next next() const {
    if (!is_over()) return {is_due(), Rest::kCallbacks};
    return {false, has_after() ? Rest::kAfterwards : Rest::kNothing};
  }
  /// The callback that is due. kNothing: there is none, or it turned out that nobody wants it.
  AppJob take();
  /// For an event.
  std::int32_t tell(alicorn_request* request, std::int32_t event) const {
    return on_event_(event_context_, request, event);
  }

  /// Makes it ready for the next request; memory is kept.
  void reset();

 private:
  enum class Listener { kNone, kListens, kHeardTheEnd };

  static constexpr std::uint8_t bit(Event event) { return static_cast<std::uint8_t>(event); }
  static constexpr std::uint8_t with(std::uint8_t events, Event event) {
    return static_cast<std::uint8_t>(events | bit(event));
  }
  static constexpr std::uint8_t without(std::uint8_t events, Event event) {
    return static_cast<std::uint8_t>(events & ~bit(event));
  }
  bool has(Event event) const { return (pending_ & bit(event)) != 0; }
  bool owes_end() const { return is_finished() && listener_ == Listener::kListens; }
  bool after_is_due() const { return is_detached_ && is_finished() && !after_.empty(); }
  AppJob choose();
  AppJob take_event();

  Life life_ = Life::kFree;
  Listener listener_ = Listener::kNone;
  std::uint8_t pending_ = 0, wanted_ = 0;  ///< bits of Event
  bool is_answered_ = false;
  bool is_detached_ = false;
  std::int32_t cancelled_ = 0;
  AppJob::Kind last_ = AppJob::Kind::kNothing;
  alicorn_event_function on_event_ = nullptr;
  void* event_context_ = nullptr;
  AppJobQueue resumes_, after_;
};

}  // namespace alicorn
