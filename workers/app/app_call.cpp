// The call's life: given to the app, its callbacks one after the other, back to the pool.
#include "workers/app/app_call.hpp"

#include "base/log.hpp"
#include "workers/app/app_host.hpp"
#include "workers/app/forked_child.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>

namespace alicorn {
namespace {

/// What a pooled call keeps of its buffers between two requests.
constexpr std::size_t kKeptCapacity = 64 * 1024;

thread_local AppCall* current_call = nullptr;
thread_local const alicorn_request* current_request = nullptr;

void shrink(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
}

}  // namespace

AppCall::AppCall(AppHost& host, std::uint32_t index, CallSlot& slot)
    : host_(host), index_(index), slot_(slot) {}

AppCall* AppCall::of(const alicorn_request* request) {
  return request != nullptr && request == current_request ? current_call : nullptr;
}

void AppCall::open(CallClient& client, HttpRequest& request) {
  client_ = &client;
  std::swap(request_, request);
  const Lock lock(mutex_);
  open_ = true;
  body_ended_ = !request_.has_body();
  view_ = alicorn_request{};
  view_.struct_size = sizeof view_;
  view_.method_id = request_.method_id;
  view_.host = &host_.table();
  view_.token = host_.calls().token(index_, generation_);
  view_.worker_state = host_.worker_state();
  view_.method = as_abi(request_.method);
  view_.target = as_abi(request_.target);
  view_.path = as_abi(request_.path);
  view_.query = as_abi(request_.query);
  view_.authority = as_abi(request_.authority);
  view_.http_major = request_.version_major;
  view_.http_minor = request_.version_minor;
  view_.header_count = static_cast<std::uint32_t>(request_.fields.size());
  view_.headers = request_.fields.data();
  view_.trailers = trailers_.data();
  view_.content_length = request_.content_length;
  view_.body = as_abi("");
}

void AppCall::set_addresses(std::string_view client, std::string_view server) {
  client_address_ = client;
  server_address_ = server;
  view_.client_address = as_abi(client_address_);
  view_.server_address = as_abi(server_address_);
}

void AppCall::start() {
  if (!host_.streams_body() && !body_.empty()) view_.body = as_abi(body_);
  slot_.fill(request_.method, request_.path, id_storage_, as_view(view_.client_address),
             view_.received_us);
  // Not before: each piece of a body that is taken whole would start a call that has a job.
  request_pending_ = true;
  schedule();
}

void AppCall::release_memory() {
  const Lock lock(mutex_);
  for (std::string* text : {&body_, &body_current_, &head_text_, &interim_text_, &trailer_text_}) {
    *text = std::string();
  }
  queue_.release_memory();
  annotations_ = Annotations();
  annotations_copy_ = Annotations();
}

void AppCall::discard() {
  client_ = nullptr;
  {
    const Lock lock(mutex_);
    reset();
  }
  host_.calls().give_back(*this);
}

void AppCall::schedule() {
  scheduled_ = true;
  host_.executor().submit(*this);
}

bool AppCall::has_job() const {
  return request_pending_ || !resumes_.empty() || cancel_pending_ || readable_pending_ ||
         writable_pending_ || (finished_ && deferred_ && on_event_ != nullptr && !finished_told_) ||
         (detached_ && finished_ && !after_.empty());
}

AppCall::Job AppCall::take_job() {
  if (std::exchange(request_pending_, false)) {
    if (!gone()) return {.kind = JobKind::kRequest};
    finished_ = true;  // gave up while it waited for a thread: the app never sees it
    return {};
  }
  // Events and resumes take turns: an app that resumes all the time must hear of them too.
  if (cancel_pending_ || last_job_ == JobKind::kResume || resumes_.empty()) {
    if (const Job event = take_event(); event.kind != JobKind::kNothing) return event;
  }
  if (!resumes_.empty()) {
    Job job = resumes_.take();
    job.with_request = !finished_;
    return job;
  }
  if (finished_ && deferred_ && on_event_ != nullptr && !finished_told_) {
    finished_told_ = true;
    return {.kind = JobKind::kEvent, .event = ALICORN_EVENT_FINISHED};
  }
  if (detached_ && finished_ && !after_.empty()) return after_.take();
  return {};
}

/// What the app has not heard yet; nothing, if it does not listen.
AppCall::Job AppCall::take_event() {
  Job event{.kind = JobKind::kEvent};
  const bool is_deaf = on_event_ == nullptr || finished_;
  if (std::exchange(cancel_pending_, false) && !is_deaf) {
    event.event = ALICORN_EVENT_CANCELLED;
  } else if (std::exchange(readable_pending_, false) && !is_deaf) {
    event.event = ALICORN_EVENT_READABLE;
  } else if (std::exchange(writable_pending_, false) && !is_deaf) {
    event.event = ALICORN_EVENT_WRITABLE;
  } else {
    return {};
  }
  return event;
}

void AppCall::run(AppThread& thread) noexcept {
  Job job;
  const std::uint64_t time = to_us(now());
  {
    const Lock lock(mutex_);
    job = take_job();
    last_job_ = job.kind;
    callback_since_us_.store(time, std::memory_order_relaxed);
    sign_of_life_us_.store(time, std::memory_order_relaxed);
    in_callback_ = true;
  }
  if (job.kind != JobKind::kNothing) {
    slot_.thread.store(static_cast<std::uint32_t>(thread.tid), std::memory_order_relaxed);
    if (job.kind == JobKind::kRequest) started_us_.store(time, std::memory_order_relaxed);
    view_.thread_state = thread.app_state;
    current_call = this;
    current_request = job.with_request ? &view_ : nullptr;
    const std::int32_t result = run_job(job);
    if (is_forked_child()) end_forked_child();
    current_call = nullptr;
    current_request = nullptr;
    slot_.thread.store(0, std::memory_order_relaxed);
    const Lock lock(mutex_);
    settle(job, result);
    in_callback_ = false;
  } else {
    const Lock lock(mutex_);
    in_callback_ = false;
  }
}

std::int32_t AppCall::run_job(const Job& job) {
  switch (job.kind) {
    case JobKind::kRequest:
      return host_.app().on_request(&view_);
    case JobKind::kResume:
      return job.function(job.context, job.with_request ? &view_ : nullptr);
    case JobKind::kEvent:
      return on_event_(event_context_, &view_, job.event);
    case JobKind::kAfterResponse:
      job.after(job.context);
      return ALICORN_OK;
    case JobKind::kNothing:
      break;
  }
  return ALICORN_OK;
}

/// What the callback's end means for the request. Under mutex_, on the app thread.
void AppCall::settle(const Job& job, std::int32_t result) {
  if (finished_ || job.kind == JobKind::kAfterResponse) return;
  if (result < 0) {
    if (result != ALICORN_ERROR_GONE || !gone()) {
      fail("the app failed the request: its callback returned " + std::to_string(result));
    } else if (stage_ != Stage::kComplete) {
      stage_ = Stage::kFailed;
    }
    finished_ = true;
  } else if (deferred_) {
    finished_ = finishing_;
  } else {
    if (stage_ == Stage::kNone && !gone()) {
      fail("the app returned without a response and without defer()");
    } else if (stage_ == Stage::kBegun) {
      if (!gone()) fail("the app returned after begin() without end() or defer()");
      stage_ = Stage::kFailed;
    }
    finished_ = true;
  }
}

/// Under mutex_.
void AppCall::fail(std::string_view why) {
  log(why);
  if (stage_ != Stage::kComplete) stage_ = Stage::kFailed;
}

void AppCall::log(std::string_view message) {
  log::error(message,
             {{"request_id", id_storage_}, {"method", request_.method}, {"path", request_.path}});
}

void AppCall::on_returned() noexcept {
  bool more = false;
  {
    const Lock lock(mutex_);
    more = has_job();
    if (!more && finished_ && (!deferred_ || on_event_ == nullptr || finished_told_)) note_end();
  }
  scheduled_ = false;
  if (more) schedule();
  if (client_ != nullptr) {
    client_->on_call_changed();
  } else {
    close_if_over();
  }
}

void AppCall::on_late() noexcept {
  if (client_ != nullptr) client_->on_call_changed();
}

void AppCall::on_news() {
  bool more = false;
  {
    const Lock lock(mutex_);
    news_queued_ = false;
    more = has_job();
    if (!more && finished_ && !in_callback_ && !scheduled_) note_end();
  }
  if (more && !scheduled_) schedule();
  if (client_ != nullptr) {
    client_->on_call_changed();
  } else {
    close_if_over();
  }
}

/// Tells the I/O thread that there is something to look at. Under mutex_.
void AppCall::tell_io() {
  if (news_queued_) return;
  if (current_call == this && host_.executor().leads_inline()) return;
  news_queued_ = true;
  host_.executor().deliver(news_);
}

void AppCall::cancel(std::int32_t reason) {
  bool more = false;
  std::optional<OutputQueue> dropped;  // its releases run without the lock
  {
    const Lock lock(mutex_);
    const std::int32_t before = cancel_.load(std::memory_order_relaxed);
    // A drain announces itself early: a harder reason may follow it.
    if (finished_ || (before != 0 && before != ALICORN_CANCEL_DRAIN) || before == reason) return;
    cancel_.store(reason, std::memory_order_relaxed);
    if (gone()) queue_.swap(dropped.emplace());
    if (deferred_ && on_event_ != nullptr) cancel_pending_ = true;
    more = has_job();
    wake_waiting_thread();
  }
  if (more && !scheduled_) schedule();
}

AppCall::Whereabouts AppCall::whereabouts() {
  const Lock lock(mutex_);
  if (in_callback_) return blocked_in_host_ ? Whereabouts::kWaitsForClient : Whereabouts::kOnThread;
  return started_us() == 0 ? Whereabouts::kWaitsForThread : Whereabouts::kDeferred;
}

bool AppCall::owes_an_answer() {
  const Lock lock(mutex_);
  return !finished_ && stage_ != Stage::kComplete;
}

bool AppCall::answer_is_finished() {
  const Lock lock(mutex_);
  return stage_ == Stage::kComplete;
}

bool AppCall::answer_has_begun() {
  const Lock lock(mutex_);
  return head_collected_;
}

void AppCall::detach(std::uint64_t now_us) {
  client_ = nullptr;
  abandoned_us_ = now_us;
  bool more = false;
  std::optional<OutputQueue> dropped;  // its releases run without the lock
  {
    const Lock lock(mutex_);
    detached_ = true;
    if (!finished_ && cancel_.load(std::memory_order_relaxed) == 0) {
      cancel_.store(ALICORN_CANCEL_CLIENT_GONE, std::memory_order_relaxed);
    }
    body_failed_ = true;
    if (!queue_.empty()) queue_.swap(dropped.emplace());
    wake_waiting_thread();
    more = has_job();
  }
  if (more && !scheduled_) schedule();
  close_if_over();
}

/// Under mutex_: no callback with the request will run any more.
void AppCall::note_end() {
  app_done_ = true;
  has_afterwards_ = !after_.empty();
}

void AppCall::close_if_over() {
  if (!app_done_ || scheduled_ || client_ != nullptr) return;
  {
    const Lock lock(mutex_);
    if (has_job() || news_queued_) return;
    reset();
  }
  slot_.clear();
  host_.calls().give_back(*this);
}

/// Ready for a next request; memory is kept. Under mutex_.
void AppCall::reset() {
  ++generation_;
  open_ = request_pending_ = in_callback_ = deferred_ = finishing_ = finished_ = finished_told_ =
      false;
  detached_ = wants_writable_ = wants_readable_ = false;
  cancel_pending_ = readable_pending_ = writable_pending_ = false;
  on_event_ = nullptr;
  event_context_ = nullptr;
  resumes_.clear();
  after_.clear();
  annotation_count_ = 0;
  stage_ = Stage::kNone;
  head_collected_ = false;
  framing_ = Framing::kNone;
  length_ = body_written_ = 0;
  head_text_.clear();
  interim_text_.clear();
  queue_.clear();
  if (file_.fd) drop_file();
  shrink(body_);
  host_.bodies().release(body_share_);
  shrink(body_current_);
  trailer_text_.clear();
  trailers_.clear();
  body_ended_ = body_failed_ = body_given_ = body_stalled_ = false;
  app_done_ = has_afterwards_ = false;
  is_silent_ = false;
  noted_callback_us_ = slow_callback_us_ = 0;
  kept_input_.release();
  if (streamed_.total() != 0) streamed_.clear();
  body_wanted_.store(false, std::memory_order_relaxed);
  cancel_.store(0, std::memory_order_relaxed);
  deadline_us_.store(0, std::memory_order_relaxed);
  started_us_.store(0, std::memory_order_relaxed);
  extended_us_.store(0, std::memory_order_relaxed);
}

/// That was given and will not be sent.
void AppCall::drop_file() {
  host_.disk_helpers().close(std::move(file_.fd), file_.device);
  file_ = FilePart{};
}

const AppCall::Annotations& AppCall::annotations_for_log() {
  const Lock lock(mutex_);
  annotations_copy_.assign(annotations_.begin(),
                           annotations_.begin() + static_cast<std::ptrdiff_t>(annotation_count_));
  return annotations_copy_;
}

}  // namespace alicorn
