// One request in the app's hands, from its head to the last callback. Worker.
//
// Two sides meet here under one mutex. The *app side* (AppSide) runs on whatever app thread has the
// callback (one at a time per call), besides complete() and resume() from any thread. The *I/O
// side* runs on the I/O thread for the connection. What is due, what is answered and what is there
// of the body is decided by three parts that know no lock and no thread. Calls are pooled and never
// freed (I6).
#pragma once

#include "alicorn/app.h"
#include "base/mutex.hpp"
#include "workers/app/answer.hpp"
#include "workers/app/body_budget.hpp"
#include "workers/app/body_spill.hpp"
#include "workers/app/call_annotations.hpp"
#include "workers/app/call_client.hpp"
#include "workers/app/call_environment.hpp"
#include "workers/app/call_times.hpp"
#include "workers/app/callbacks_due.hpp"
#include "workers/app/request_body.hpp"
#include "workers/app/request_view.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/crash/request_file.hpp"
#include "workers/http/parser.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace alicorn {

class AppCall final : public AppTask {
 public:
  using Annotations = CallAnnotations::List;

  AppCall(CallEnvironment& environment, std::uint32_t index, CallSlot& slot);

  std::uint32_t index() const { return index_; }
  const CallSlot& slot() const { return slot_; }

  // ---- I/O side: the I/O thread alone ----

  /// Takes the parsed head over. `body`: if all of it has arrived with the head; it must stay where
  /// it is as long as the head.
  void open(CallClient& client, HttpParser& parser, std::string_view body);
  /// The connection fills in addresses, times and ids before start().
  RequestView& facts() { return facts_; }
  /// Async-signal-safe while a callback of this call runs.
  RequestBytes request_bytes() const noexcept;
  /// Hands `bytes` of the body through the parser to the app. `consumed` as HttpParser says.
  HttpParser::Progress receive(HttpParser& parser, const char* bytes, std::size_t size)
      ALICORN_EXCLUDES(mutex_);
  /// Moves what has come of a body that the app takes whole to a file, if it is large. True:
  /// on_call_changed() follows, and nothing must be received before. `is_whole`: nothing more
  /// comes.
  bool spill_body(bool is_whole);
  bool is_spilling() const { return spill_.state() == BodySpill::State::kWriting; }
  enum class Spilled {
    kFine,       ///< or not at all
    kStill,      ///< on the way to the disk
    kOverLimit,  ///< limit_body_disk: the body is given up
    kNoMemory,   ///< the same, for another shortage
    kNoSpace,    ///< part of the body is lost: the disk is full
    kDiskFails   ///< for another reason
  };
  /// After that. A body that is whole can be taken by the app now, if it is fine.
  Spilled settle_spill(bool is_whole) ALICORN_EXCLUDES(mutex_);
  void body_aborted() ALICORN_EXCLUDES(mutex_);  ///< no more of the body will come
  void start();                                  ///< on_request, as soon as a thread is free
  void start_by_age();                           ///< the same, but before requests that came later
  void release_memory() ALICORN_EXCLUDES(mutex_);  ///< only while the call is not in use
  /// Instead of start(): the request never reaches the app.
  void discard() ALICORN_EXCLUDES(mutex_);
  /// The body, as far as it has come, of a request that waits for a thread and that nobody has
  /// given up. Empty: it is no such request, or its body has come in chunks and is not whole or has
  /// trailers, so it could not be sent to another worker.
  std::optional<std::string_view> movable_body() ALICORN_EXCLUDES(mutex_);
  /// After start(), if movable_body() says that it waits: the request never reaches the app.
  void withdraw() ALICORN_EXCLUDES(mutex_);
  /// Null: no client waits for this call any longer.
  CallClient* client() const { return client_; }
  /// Whether a streamed body has room. If not, on_call_changed() tells when it has.
  bool body_has_room() ALICORN_EXCLUDES(mutex_);
  /// This call's share of the memory for all bodies, for a body that the app takes whole.
  /// on_call_changed() tells when there is room.
  BodyBudget::Share& body_share() { return body_share_; }
  bool body_wanted() const { return body_.is_wanted(); }

  /// What the app has given since the last time: see Answer::collect().
  Answer::Collected collect(std::string& head_out, OutputQueue& body_out, FilePart& file)
      ALICORN_EXCLUDES(mutex_);
  /// ALICORN_CANCEL_...: the app is told; nothing is taken from it.
  void cancel(std::int32_t reason) ALICORN_EXCLUDES(mutex_);
  CallTimes& times() { return times_; }
  /// The request waits for a thread from now on.
  void set_ready_us(std::uint64_t time) { ready_us_ = time; }
  void set_deadline_us(std::uint64_t deadline) {
    times_.set_deadline_us(deadline);
    facts_.abi().deadline_us = deadline;
  }
  /// No code of the app will run for this request, not even after the response has left. So the
  /// response may wait and leave together with the next one, and nobody needs the bytes that the
  /// request's views point to.
  bool is_over() const { return rest_ == CallbacksDue::Rest::kNothing; }
  enum class Whereabouts { kWaitsForThread, kOnThread, kWaitsForClient, kDeferred };
  Whereabouts whereabouts() ALICORN_EXCLUDES(mutex_);
  /// The connection went first: no client waits for this call any longer.
  bool is_abandoned() const { return client_ == nullptr; }
  /// The callback shows no sign of life: the client, if there is one, need not wait for more.
  void note_silent();
  struct AnswerState {
    bool is_owed;              ///< by the app
    bool has_begun;            ///< the answer has begun to leave
    bool is_finished;          ///< by the app: the rest waits only for the client
    std::uint64_t body_bytes;  ///< as the app gave them
  };
  AnswerState answer_state() ALICORN_EXCLUDES(mutex_);
  /// Copies, for the access log.
  const Annotations& annotations_for_log() ALICORN_EXCLUDES(mutex_);
  /// The connection has finished with the call: the response has left or failed.
  void detach(std::uint64_t now_us) ALICORN_EXCLUDES(mutex_);

  // AppTask
  void run(AppThread& thread) noexcept override ALICORN_EXCLUDES(mutex_);
  void on_returned(Return how) noexcept override ALICORN_EXCLUDES(mutex_);
  void on_late() noexcept override;
  std::uint64_t waits_since_us() const noexcept override {
    return times_.started_us() == 0 ? ready_us_ : 0;
  }

  /// The call whose callback runs on this thread with exactly this request. Null: the app has
  /// broken the thread rule.
  static AppCall* of(const alicorn_request* request);

 private:
  friend class AppSide;  // works under the same mutex
  struct News final : alicorn::Delivery {
    explicit News(AppCall& of) : call(of) {}
    void on_delivered() noexcept override { call.on_news(); }
    AppCall& call;
  };
  struct BodyShare final : BodyBudget::Share {
    explicit BodyShare(AppCall& of) : call(of) {}
    void on_room() noexcept override {
      if (call.client_ != nullptr) call.client_->on_call_changed();
    }
    AppCall& call;
  };
  struct SpillOwner final : BodySpill::Owner {
    explicit SpillOwner(AppCall& of) : call(of) {}
    void on_written() noexcept override {
      if (call.client_ != nullptr) call.client_->on_call_changed();
    }
    AppCall& call;
  };
  /// Where the callback is.
  enum class Position {
    kNone,            ///< no callback runs
    kRuns,            ///< on a thread
    kWaitsForClient,  ///< it waits in write() or body_next()
  };

  bool may_spill() const;
  void on_news() ALICORN_EXCLUDES(mutex_);
  void make_due();
  void schedule();
  void go_on(const CallbacksDue::Next& next) ALICORN_EXCLUDES(mutex_);
  bool reset_if_over(bool is_due) ALICORN_REQUIRES(mutex_);
  void give_back();
  void reset() ALICORN_REQUIRES(mutex_);
  void wake_waiting_thread() ALICORN_REQUIRES(mutex_) {
    if (position_ == Position::kWaitsForClient) changed_.notify_all();
  }
  std::int32_t run_job(const AppJob& job);
  void settle(const AppJob& job, std::int32_t result) ALICORN_REQUIRES(mutex_);
  void tell_io() ALICORN_REQUIRES(mutex_);

  CallEnvironment& environment_;
  const std::uint32_t index_;
  CallSlot& slot_;
  News news_{*this};
  BodyShare body_share_{*this};
  bool is_over_disk_limit_ = false;
  std::uint64_t spilled_size_ = 0;  ///< its part of environment_.spilled_size
  SpillOwner spill_owner_{*this};
  BodySpill spill_{spill_owner_};
  RequestView facts_;
  CallTimes times_;
  std::uint64_t ready_us_ = 0;

  // Only the I/O side (or before start()).
  CallClient* client_ = nullptr;
  bool scheduled_ = false;  ///< queued or running: run() will be, or is, called
  CallbacksDue::Rest rest_ = CallbacksDue::Rest::kCallbacks;
  CallbacksDue::Next after_run_;  ///< noted by run()

  Mutex mutex_;
  Condition changed_;  ///< for an app thread that waits in write or body_next
  std::uint64_t generation_ ALICORN_GUARDED_BY(mutex_) = 1;
  Position position_ ALICORN_GUARDED_BY(mutex_) = Position::kNone;
  bool news_queued_ ALICORN_GUARDED_BY(mutex_) = false;
  // Also used without the mutex where nobody else can have the call: before start(), and by the
  // callback that runs (for an event's listener).
  CallbacksDue callbacks_;
  Answer answer_ ALICORN_GUARDED_BY(mutex_);
  RequestBody body_;
  CallAnnotations annotations_ ALICORN_GUARDED_BY(mutex_);
};

}  // namespace alicorn
