// One request in the app's hands, from its head to the last callback. Worker.
//
// Two sides meet here under one mutex. The *app side* runs on whatever app thread has the callback
// (one at a time per call), besides complete() and resume() from any thread. The *I/O side* runs on
// the I/O thread for the connection. The call owns what the app may look at: if the connection goes
// first (client gone, deadline), it leaves its buffer here, and the views stay good until the app
// has finished. Calls are pooled and never freed.
#pragma once

#include "alicorn/app.h"
#include "workers/app/app_job.hpp"
#include "workers/app/body_budget.hpp"
#include "workers/app/call_client.hpp"
#include "workers/app/file_body.hpp"
#include "workers/app/streamed_record.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/crash/request_file.hpp"
#include "workers/http/parser.hpp"
#include "workers/http/request.hpp"
#include "workers/http/response.hpp"
#include "workers/loop/executor.hpp"
#include "workers/net/input_buffer.hpp"
#include "workers/net/output_queue.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

class AppHost;

class AppCall final : public AppTask {
 public:
  enum class Stage {
    kNone,      ///< no response yet
    kBegun,     ///< the head is there, more of the body will follow
    kComplete,  ///< all of the response is there
    kFailed,    ///< before the head left: 500; after it: cut
  };
  using Annotations = std::vector<std::pair<std::string, std::string>>;

  AppCall(AppHost& host, std::uint32_t index, CallSlot& slot);

  // ---- I/O side: the I/O thread alone ----

  /// Takes the parsed head over (swaps it out of `request`).
  void open(CallClient& client, HttpRequest& request);
  HttpRequest& request() { return request_; }
  /// The ABI's view; the connection fills in addresses, times and ids before start().
  alicorn_request& view() { return view_; }
  std::string& id_storage() { return id_storage_; }
  /// As received; stays where it is as long as the views into it.
  void set_received_head(std::string_view head) { received_head_ = head; }
  /// Async-signal-safe, while a callback of it runs.
  RequestBytes request_bytes() const noexcept;
  /// The connection's own strings serve its next client while the app may still look.
  void set_addresses(std::string_view client, std::string_view server);
  /// Hands `bytes` of the body through the parser to the app. `consumed` as HttpParser says.
  HttpParser::Progress receive(HttpParser& parser, const char* bytes, std::size_t size);
  void body_aborted();    ///< no more of the body will come
  void start();           ///< on_request, as soon as a thread is free
  void release_memory();  ///< of a call that is not in use
  void discard();         ///< instead of start(): the request never reaches the app
  bool body_has_room();   ///< false: told again by on_call_changed() when there is
  /// Of a body that the app takes whole; false: told again by on_call_changed() when there is
  /// memory.
  bool body_may_grow();
  std::uint64_t body_wait_end_us();             ///< while it may not; 0: none
  bool body_is_too_slow(std::uint64_t now_us);  ///< for the memory that it keeps from others
  bool body_wanted() const { return body_wanted_.load(std::memory_order_relaxed); }

  /// What the app has given since the last time.
  struct Progress {
    Stage stage = Stage::kNone;
    bool took_something = false;
    bool head_is_new = false;  ///< `head`, `framing` and `length` hold from now on
    ResponseHead head{};
    Framing framing = Framing::kNone;
    std::int64_t length = 0;
  };
  /// Interim responses and, once, the head without its end are appended to `head_out`; the body
  /// goes to `body_out` if that is empty (else it waits), a file to `file`.
  Progress collect(std::string& head_out, OutputQueue& body_out, FilePart& file);
  /// ALICORN_CANCEL_...: the app is told; nothing is taken from it.
  void cancel(std::int32_t reason);
  std::uint64_t deadline_us() const { return deadline_us_.load(std::memory_order_relaxed); }
  void set_deadline_us(std::uint64_t deadline) {
    deadline_us_.store(deadline, std::memory_order_relaxed);
    view_.deadline_us = deadline;
  }
  std::uint64_t started_us() const {
    return started_us_.load(std::memory_order_relaxed);
  }  ///< 0: waits for a thread
  const std::atomic<std::uint64_t>& started_mark() const { return started_us_; }
  /// When the callback began that runs, or ran last: it tells one from the next.
  std::uint64_t callback_since_us() const {
    return callback_since_us_.load(std::memory_order_relaxed);
  }
  /// Nothing of the app's is to run any more, not even once the response has left: the response may
  /// wait for the next one, and nobody needs what the request's views lead to.
  bool is_over() const { return app_done_ && !has_afterwards_; }
  std::uint64_t body_bytes();  ///< of the response, as the app gave them
  /// The last sign of life of the callback that runs: its begin, a call that moves bytes, the end
  /// of a wait for the client.
  std::uint64_t sign_of_life_us() const { return sign_of_life_us_.load(std::memory_order_relaxed); }
  /// So long the app has asked to be left alone; 0: it has not.
  std::uint64_t extended_us() const { return extended_us_.load(std::memory_order_relaxed); }
  enum class Whereabouts { kWaitsForThread, kOnThread, kWaitsForClient, kDeferred };
  Whereabouts whereabouts();
  /// A callback runs, and not merely waits for the client.
  bool holds_a_thread() { return whereabouts() == Whereabouts::kOnThread; }
  /// The connection has gone first: no client waits for it any more.
  bool is_abandoned() const { return client_ == nullptr; }
  std::uint64_t abandoned_us() const { return abandoned_us_; }  ///< since then
  /// Of the callback that runs: that it is looked at because the request's time is over. True: once
  /// for each callback, as one that has returned says nothing about the next.
  bool note_overdue() {
    const std::uint64_t callback = callback_since_us();
    return std::exchange(noted_callback_us_, callback) != callback;
  }
  /// That it holds its thread for long. True: once for each callback.
  bool note_slow() {
    const std::uint64_t callback = callback_since_us();
    return std::exchange(slow_callback_us_, callback) != callback;
  }
  /// Its callback shows no sign of life: the client, if there is one, need not wait for more.
  void note_silent() {
    is_silent_ = true;
    if (client_ != nullptr) client_->on_call_changed();
  }
  bool is_silent() const { return is_silent_; }
  bool owes_an_answer();
  bool answer_has_begun();
  bool answer_is_finished();  ///< by the app: what is left of it waits for the client alone
  pid_t thread() const { return static_cast<pid_t>(slot_.thread.load(std::memory_order_relaxed)); }
  /// Copies, for the access log.
  const Annotations& annotations_for_log();
  /// The connection is through with it: the response has left or failed. Gives the buffer with the
  /// views if the app still needs it.
  void detach(std::uint64_t now_us);
  void keep_input(InputBuffer&& buffer) { kept_input_ = std::move(buffer); }

  // AppTask
  void run(AppThread& thread) noexcept override;
  void on_returned() noexcept override;
  void on_late() noexcept override;

  // ---- App side: the host table's calls ----

  /// The call whose callback runs on this thread with this very request; null: the thread rule is
  /// broken.
  static AppCall* of(const alicorn_request* request);
  std::int32_t respond(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                       const alicorn_buffer* body);
  std::int32_t send_file(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                         UniqueFd fd, std::int64_t offset, std::int64_t length);
  std::int32_t begin(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                     std::int64_t length);
  std::int32_t write(const alicorn_buffer* buffers, std::uint32_t count);
  std::int32_t end(const alicorn_field* trailers, std::uint32_t count);
  std::int32_t interim(std::int32_t status, const alicorn_field* headers, std::uint32_t count);
  std::int32_t body_next(alicorn_string* piece);
  std::int32_t defer(alicorn_event_function on_event, void* context);
  std::int32_t extend_deadline(std::uint32_t milliseconds_from_now);
  std::int32_t after_response(void (*function)(void*), void* context);
  std::int32_t annotate(alicorn_string name, alicorn_string value);

  // ---- Any thread, by token; the generation is checked under the mutex ----
  std::int32_t complete(std::uint64_t generation, std::int32_t status, const alicorn_field* headers,
                        std::uint32_t count, const alicorn_buffer* body);
  std::int32_t resume(std::uint64_t generation, alicorn_resume_function function, void* context);
  std::int32_t cancelled(std::uint64_t generation);
  bool request_id(std::uint64_t generation, std::string& id);

 private:
  friend class CallTable;
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
  using Job = AppJob;
  using JobKind = AppJob::Kind;
  using Lock = std::unique_lock<std::mutex>;

  // app_call.cpp
  void on_news();
  void schedule();
  void note_end();
  void close_if_over();
  void reset();
  void drop_file();
  /// Under mutex_: that of the app, if it waits in write or body_next.
  void wake_waiting_thread() {
    if (blocked_in_host_) changed_.notify_all();
  }
  bool has_job() const;
  Job take_job();
  Job take_event();
  std::int32_t run_job(const Job& job);
  void settle(const Job& job, std::int32_t result);
  void fail(std::string_view why);
  void tell_io();
  // app_call_io.cpp
  void make_room_for_body();
  std::uint64_t streamed_size_max() const;
  void body_changed(Lock& lock);
  void schedule_if_due(Lock& lock);
  void show_trailers();
  // app_call_response.cpp, app_call_request.cpp, app_call_token.cpp
  bool gone() const;
  bool may_block() const;
  template <class Condition>
  void wait_until(Lock& lock, Condition condition);
  std::int32_t take_response(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                             const alicorn_buffer* body, DroppedBuffers& dropped);
  bool answers_head() const { return request_.method_id == ALICORN_METHOD_HEAD; }
  std::int32_t open_head(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                         std::int64_t length);
  std::int32_t invalid(std::string_view why);
  std::string_view add_up(const alicorn_buffer* buffers, std::uint32_t count,
                          std::size_t& total) const;
  void make_room_for(const alicorn_buffer* buffers, std::uint32_t count, bool is_cut,
                     DroppedBuffers& dropped);
  void append_body(const alicorn_buffer& buffer, DroppedBuffers& dropped);
  void log(std::string_view message);
  void note_sign_of_life() { sign_of_life_us_.store(to_us(now()), std::memory_order_relaxed); }
  bool body_is_dropped() const;

  AppHost& host_;
  const std::uint32_t index_;
  CallSlot& slot_;
  News news_{*this};
  BodyShare body_share_{*this};

  // I/O side alone (or before start()).
  CallClient* client_ = nullptr;
  HttpRequest request_;
  InputBuffer kept_input_;
  std::string_view received_head_;
  StreamedRecord streamed_;
  std::string id_storage_, client_address_, server_address_;
  bool scheduled_ = false;  ///< queued or running: run() will be, or is, called
  bool app_done_ = false;
  bool has_afterwards_ = false;  ///< once app_done_: there are functions to run after the response
  bool is_silent_ = false;
  std::uint64_t noted_callback_us_ = 0, slow_callback_us_ = 0, abandoned_us_ = 0;
  Annotations annotations_copy_;

  alicorn_request
      view_{};  ///< what the app sees; written before start(), later under the callback's exclusion

  std::mutex mutex_;
  std::condition_variable changed_;  ///< for an app thread that is blocked in write or body_next
  // Under mutex_:
  std::uint64_t generation_ = 1;
  bool open_ = false;
  bool request_pending_ = false;  ///< on_request has not been called
  bool in_callback_ = false;
  bool deferred_ = false;
  bool finishing_ =
      false;  ///< the app has answered, well or badly: finished when the callback returns
  bool finished_ = false;
  bool finished_told_ = false;
  bool detached_ = false;
  bool news_queued_ = false;
  bool blocked_in_host_ = false;  ///< the callback waits in write or body_next
  bool wants_writable_ = false;
  bool wants_readable_ = false;
  bool cancel_pending_ = false, readable_pending_ = false, writable_pending_ = false;
  alicorn_event_function on_event_ = nullptr;
  void* event_context_ = nullptr;
  AppJobQueue resumes_;
  AppJobQueue after_;
  JobKind last_job_ = JobKind::kNothing;
  Annotations annotations_;
  std::size_t annotation_count_ = 0;

  Stage stage_ = Stage::kNone;
  bool head_collected_ = false;
  ResponseHead head_;
  Framing framing_ = Framing::kNone;
  std::int64_t length_ = 0;
  std::int64_t body_written_ = 0;
  std::string head_text_, interim_text_;
  OutputQueue queue_;
  FilePart file_;

  std::string body_;          ///< received, not yet given to the app (streamed), or all of it
  std::string body_current_;  ///< the piece that the app has
  std::string trailer_text_;
  std::vector<alicorn_field> trailers_;
  bool body_ended_ = false, body_failed_ = false, body_given_ = false, body_stalled_ = false;

  std::atomic<bool> body_wanted_{false};
  std::atomic<std::int32_t> cancel_{0};
  std::atomic<std::uint64_t> deadline_us_{0};
  std::atomic<std::uint64_t> started_us_{0}, callback_since_us_{0}, sign_of_life_us_{0};
  std::atomic<std::uint64_t> extended_us_{0};
};

}  // namespace alicorn
