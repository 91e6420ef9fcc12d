// A call's life: it is given to the app, its callbacks run one after the other, and it returns to
// the pool.
#include "workers/app/app_call.hpp"

#include "base/invariant.hpp"
#include "workers/app/forked_child.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

thread_local AppCall* current_call = nullptr;
thread_local const alicorn_request* current_request = nullptr;

std::uint64_t record_size_max(const CrashSettings& settings, std::int64_t content_length) {
  const std::uint64_t size_max = settings.body_size_max;
  return content_length < 0 ? size_max
                            : std::min(size_max, static_cast<std::uint64_t>(content_length));
}

}  // namespace

AppCall::AppCall(CallEnvironment& environment, std::uint32_t index, CallSlot& slot)
    : environment_(environment), index_(index), slot_(slot) {}

AppCall* AppCall::of(const alicorn_request* request) {
  return request != nullptr && request == current_request ? current_call : nullptr;
}

void AppCall::open(CallClient& client, HttpParser& parser, std::string_view body) {
  client_ = &client;
  facts_.open(parser);
  const HttpRequest& head = facts_.request();
  const Lock lock(mutex_);
  callbacks_.open();
  answer_.open(
      {.by_head = head.method_id == ALICORN_METHOD_HEAD, .version_minor = head.version_minor});
  body_.open(
      environment_.streams_body ? RequestBody::Taking::kStreamed : RequestBody::Taking::kWhole,
      head.has_body());
  if (!body.empty()) body_.place(body);
  alicorn_request& view = facts_.abi();
  view.host = &environment_.table;
  view.token = environment_.tokens.token(index_, generation_);
  view.worker_state = environment_.worker_state;
  view.trailers = body_.trailers().data();
}

HttpParser::Progress AppCall::receive(HttpParser& parser, const char* bytes, std::size_t size) {
  bool is_due = false;
  HttpParser::Progress progress = HttpParser::Progress::kNeedMore;
  {
    const Lock lock(mutex_);
    const bool streamed = environment_.streams_body;
    const std::int64_t length = facts_.request().content_length;
    if (!streamed && !may_spill()) body_.make_room(length, BodyBudget::kSmallBody);
    const std::size_t before = body_.size();
    progress = parser.parse_body(bytes, size, body_.incoming());
    if (!streamed) {
      environment_.bodies.set_size(body_share_, body_.size());
    } else if (const CrashSettings& crash = environment_.settings.crash; !crash.directory.empty()) {
      StreamedRecord& record = body_.record();
      record.append(std::string_view(body_.incoming()).substr(before),
                    record_size_max(crash, length), environment_.bodies.room());
      environment_.bodies.set_size(body_share_, record.bytes().size());
    }
    if (progress == HttpParser::Progress::kComplete) {
      body_.end(parser.request().trailers);
      if (!streamed) facts_.show_trailers(body_.trailers());
    } else if (progress == HttpParser::Progress::kRejected) {
      body_.abort();
    }
    callbacks_.note_possible(CallbacksDue::Event::kReadable);
    wake_waiting_thread();
    is_due = callbacks_.is_due();
  }
  if (is_due) schedule();
  return progress;
}

/// The rest of the body is not to stay in memory.
bool AppCall::may_spill() const {
  return environment_.settings.limits.body_memory_each != 0 &&
         spill_.state() != BodySpill::State::kRefused;
}

bool AppCall::spill_body(bool is_whole) {
  using State = BodySpill::State;
  const HttpLimits& limits = environment_.settings.limits;
  if (!may_spill() || spill_.state() == State::kFailed || body_.size() == 0) return false;
  const bool is_rest = is_whole && spill_.state() == State::kWritten;
  if (!is_rest && body_.size() <= limits.body_memory_each) return false;
  if (limits.body_disk_max != 0 &&
      environment_.spilled_size + body_.size() > limits.body_disk_max) {
    is_over_disk_limit_ = true;
    return false;
  }
  const std::uint64_t before = spill_.size();
  spill_.write(*environment_.disk_helpers,
               {environment_.settings.body_directory, environment_.body_device}, body_.incoming());
  spilled_size_ += spill_.size() - before;
  environment_.spilled_size += spill_.size() - before;
  environment_.bodies.set_size(body_share_, body_.size());
  return spill_.state() == State::kWriting;
}

AppCall::Spilled AppCall::settle_spill(bool is_whole) {
  using State = BodySpill::State;
  if (is_over_disk_limit_) return Spilled::kOverLimit;
  if (spill_.state() == State::kNone) return Spilled::kFine;
  if (spill_.state() == State::kWriting) return Spilled::kStill;
  if (spill_.state() == State::kRefused) {
    environment_.bodies.set_size(body_share_, body_.size());
    if (environment_.spill_complaint.is_due(to_us(now()))) {
      log::warning("body_dir: no file can be made for a body, so bodies stay in memory",
                   {{"body_dir", environment_.settings.body_directory}, {"reason", spill_.why()}});
    }
    return Spilled::kFine;
  }
  const Lock lock(mutex_);
  if (spill_.state() == State::kWritten && is_whole && body_.placed().empty()) {
    body_.place(spill_.map());
  }
  if (spill_.state() != State::kFailed) return Spilled::kFine;
  if (spill_.is_short_of_memory()) return Spilled::kNoMemory;
  log::error("body_dir: a body is lost on its way to the disk",
             {{"body_dir", environment_.settings.body_directory},
              {"reason", spill_.why()},
              {"request_id", facts_.id()}});
  return spill_.is_short_of_space() ? Spilled::kNoSpace : Spilled::kDiskFails;
}

void AppCall::body_aborted() {
  bool is_due = false;
  {
    const Lock lock(mutex_);
    if (body_.arrival() == RequestBody::Arrival::kWhole) return;
    body_.abort();
    callbacks_.note_possible(CallbacksDue::Event::kReadable);
    wake_waiting_thread();
    is_due = callbacks_.is_due();
  }
  if (is_due) schedule();
}

bool AppCall::body_has_room() {
  const Lock lock(mutex_);
  return body_.has_room();
}

RequestBytes AppCall::request_bytes() const noexcept {
  const std::int64_t length = facts_.request().content_length;
  const StreamedRecord& record = body_.record();
  const bool streamed = environment_.streams_body;
  RequestBytes bytes;
  bytes.head = facts_.received_head();
  bytes.chunked = length < 0;
  bytes.request_id = facts_.id();
  const bool is_recorded = streamed && body_.placed().empty();
  bytes.body = is_recorded ? record.bytes() : body_.whole();
  const std::uint64_t received = is_recorded ? record.total() : bytes.body.size();
  bytes.body_size = bytes.chunked ? received : static_cast<std::uint64_t>(length);
  return bytes;
}

inline void AppCall::make_due() {
  alicorn_request& view = facts_.abi();
  if (!environment_.streams_body) view.body = as_abi(body_.whole());
  const HttpRequest& request = facts_.request();
  slot_.fill(request.method, request.path, facts_.id(), as_view(view.client_address),
             view.received_us);
  // Not earlier: each piece of a body that is taken whole would otherwise start a call that has a
  // job.
  callbacks_.start();
}

void AppCall::start() {
  make_due();
  schedule();
}

void AppCall::start_by_age() {
  make_due();
  scheduled_ = true;
  environment_.executor->submit_by_age(*this);
}

void AppCall::release_memory() {
  const Lock lock(mutex_);
  body_.release_memory();
  answer_.release_memory();
  annotations_.release_memory();
}

void AppCall::discard() {
  client_ = nullptr;
  {
    const Lock lock(mutex_);
    reset();
  }
  environment_.pool->give_back(*this);
}

std::optional<std::string_view> AppCall::movable_body() {
  const Lock lock(mutex_);
  const bool is_wanted = callbacks_.life() == CallbacksDue::Life::kDue && !callbacks_.is_gone();
  const bool is_simple =
      facts_.request().content_length >= 0 ||
      (body_.arrival() == RequestBody::Arrival::kWhole && body_.trailers().empty());
  if (client_ == nullptr || !is_wanted || !is_simple) return std::nullopt;
  return body_.whole();
}

void AppCall::withdraw() {
  ensure(environment_.executor->withdraw(*this), "a request that is withdrawn waits for a thread");
  scheduled_ = false;
  slot_.clear();
  {
    const Lock lock(mutex_);
    callbacks_.withdraw();
  }
  discard();
}

/// Does nothing if the call is queued already, or runs: run() asks again when the callback has
/// returned.
void AppCall::schedule() {
  if (std::exchange(scheduled_, true)) return;
  environment_.executor->submit(*this);
}

void AppCall::run(AppThread& thread) noexcept {
  AppJob job;
  const std::uint64_t time = to_us(thread.began);
  {
    const Lock lock(mutex_);
    ensure(position_ == Position::kNone, "I4: callbacks of one request never overlap");
    job = callbacks_.take();
    times_.begin_callback(time);
    position_ = Position::kRuns;
    facts_.abi().thread_state = thread.app_state;
  }
  if (job.kind == AppJob::Kind::kNothing) {
    const Lock lock(mutex_);
    position_ = Position::kNone;
    after_run_ = callbacks_.next();
    return;
  }
  slot_.thread.store(static_cast<std::uint32_t>(thread.tid), std::memory_order_relaxed);
  if (job.kind == AppJob::Kind::kRequest) times_.begin_request(time);
  current_call = this;
  current_request = job.with_request ? &facts_.abi() : nullptr;
  const std::int32_t result = run_job(job);
  if (is_forked_child()) end_forked_child();
  current_call = nullptr;
  current_request = nullptr;
  slot_.thread.store(0, std::memory_order_relaxed);
  const Lock lock(mutex_);
  settle(job, result);
  position_ = Position::kNone;
  after_run_ = callbacks_.next();
}

std::int32_t AppCall::run_job(const AppJob& job) {
  alicorn_request* const view = &facts_.abi();
  switch (job.kind) {
    case AppJob::Kind::kRequest:
      return environment_.app->on_request(view);
    case AppJob::Kind::kResume:
      return job.function(job.context, job.with_request ? view : nullptr);
    case AppJob::Kind::kEvent:
      return callbacks_.tell(view, job.event);
    case AppJob::Kind::kAfterResponse:
      job.after(job.context);
      return ALICORN_OK;
    case AppJob::Kind::kNothing:
      break;
  }
  return ALICORN_OK;
}

/// Decides what the end of the callback means for the request.
void AppCall::settle(const AppJob& job, std::int32_t result) {
  if (callbacks_.is_finished() || job.kind == AppJob::Kind::kAfterResponse) return;
  const bool is_gone = callbacks_.is_gone();
  if (result < 0) {
    if (result != ALICORN_ERROR_GONE || !is_gone) {
      facts_.log_error("the app failed the request: its callback returned " +
                       std::to_string(result));
    }
    answer_.fail();
  } else if (callbacks_.is_deferred()) {
    if (!callbacks_.is_answered()) return;
  } else if (const std::string_view why = answer_.fail_unless_complete();
             !why.empty() && !is_gone) {
    facts_.log_error(why);
  }
  callbacks_.finish();
}

void AppCall::on_returned(Return how) noexcept {
  // What another thread has changed since then is news, which on_news() will hear. But news that
  // came before a delivered return has been heard already, while the call was still scheduled.
  CallbacksDue::Next next = after_run_;
  if (how == Return::kDelivered) {
    const Lock lock(mutex_);
    next = callbacks_.next();
  }
  scheduled_ = false;
  go_on(next);
}

void AppCall::go_on(const CallbacksDue::Next& next) {
  if (next.rest != CallbacksDue::Rest::kCallbacks) rest_ = next.rest;
  if (next.is_due) schedule();
  if (client_ != nullptr) return client_->on_call_changed();
  {
    const Lock lock(mutex_);
    if (!reset_if_over(callbacks_.is_due())) return;
  }
  give_back();
}

void AppCall::on_late() noexcept {
  if (client_ != nullptr) client_->on_call_changed();
}

void AppCall::on_news() {
  CallbacksDue::Next next;
  {
    const Lock lock(mutex_);
    news_queued_ = false;
    next = callbacks_.next();
    // The callback that runs will say it when it has returned.
    if (position_ != Position::kNone || scheduled_) next.rest = CallbacksDue::Rest::kCallbacks;
  }
  go_on(next);
}

/// Tells the I/O thread to look at the call.
void AppCall::tell_io() {
  if (news_queued_) return;
  if (current_call == this && environment_.executor->leads_inline()) return;
  news_queued_ = true;
  environment_.executor->deliver(news_);
}

void AppCall::note_silent() {
  times_.note_silent();
  if (client_ != nullptr) client_->on_call_changed();
}

Answer::Collected AppCall::collect(std::string& head_out, OutputQueue& body_out, FilePart& file) {
  std::optional<OutputQueue> dropped;  // its releases run without the lock
  Lock lock(mutex_);
  const Answer::Collected collected = answer_.collect(head_out, body_out, file, dropped);
  if (collected.made_room) {
    wake_waiting_thread();
    callbacks_.note_possible(CallbacksDue::Event::kWritable);
  }
  if (callbacks_.is_writable_pending()) {
    lock.unlock();
    schedule();
  }
  return collected;
}

void AppCall::cancel(std::int32_t reason) {
  bool is_due = false;
  std::optional<OutputQueue> dropped;  // its releases run without the lock
  {
    const Lock lock(mutex_);
    if (!callbacks_.cancel(reason)) return;
    if (callbacks_.is_gone()) answer_.drop_queue(dropped);
    is_due = callbacks_.is_due();
    wake_waiting_thread();
  }
  if (is_due) schedule();
}

AppCall::Whereabouts AppCall::whereabouts() {
  const Lock lock(mutex_);
  if (position_ == Position::kRuns) return Whereabouts::kOnThread;
  if (position_ == Position::kWaitsForClient) return Whereabouts::kWaitsForClient;
  return times_.started_us() == 0 ? Whereabouts::kWaitsForThread : Whereabouts::kDeferred;
}

AppCall::AnswerState AppCall::answer_state() {
  const Lock lock(mutex_);
  const bool is_complete = answer_.stage() == Answer::Stage::kComplete;
  return {.is_owed = !callbacks_.is_finished() && !is_complete,
          .has_begun = answer_.has_begun_to_leave(),
          .is_finished = is_complete,
          .body_bytes = answer_.body_bytes()};
}

void AppCall::detach(std::uint64_t now_us) {
  client_ = nullptr;
  times_.note_abandoned(now_us);
  bool is_due = false, is_over = false;
  std::optional<OutputQueue> dropped;  // its releases run without the lock
  {
    const Lock lock(mutex_);
    callbacks_.detach();
    body_.abort();
    answer_.drop_queue(dropped);
    wake_waiting_thread();
    is_due = callbacks_.is_due();
    is_over = reset_if_over(is_due);
  }
  if (is_due) schedule();
  if (is_over) give_back();
}

/// True: neither the app nor the client has anything to do with the call any more.
bool AppCall::reset_if_over(bool is_due) {
  if (rest_ == CallbacksDue::Rest::kCallbacks || scheduled_ || client_ != nullptr) return false;
  if (is_due || news_queued_) return false;
  reset();
  return true;
}

void AppCall::give_back() {
  slot_.clear();
  environment_.pool->give_back(*this);
}

/// Makes it ready for the next request; memory is kept.
void AppCall::reset() {
  using Life = CallbacksDue::Life;
  const Life life = callbacks_.life();
  ensure(life == Life::kFinished || life == Life::kOpen,
         "I5: what the app may look at lives until it has finished the request");
  ++generation_;
  position_ = Position::kNone;
  callbacks_.reset();
  if (FilePart file = answer_.drop_file(); file.fd) {
    environment_.disk_helpers->close(std::move(file.fd), file.device);
  }
  answer_.reset();
  body_.reset();
  environment_.spilled_size -= std::exchange(spilled_size_, 0);
  is_over_disk_limit_ = false;
  spill_.reset();
  environment_.bodies.release(body_share_);
  annotations_.reset();
  times_.reset();
  facts_.release_input();
  rest_ = CallbacksDue::Rest::kCallbacks;
}

const AppCall::Annotations& AppCall::annotations_for_log() {
  const Lock lock(mutex_);
  return annotations_.copy();
}

}  // namespace alicorn
