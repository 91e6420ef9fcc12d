#include "workers/connection/connection.hpp"

#include "workers/connection/connection_set.hpp"

#include <algorithm>
#include <utility>

// gcc takes the arena's operator new, which is a template, and its operator delete for strangers.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace alicorn {
namespace {

constexpr std::size_t kReadSizeMin = 4 * 1024;
/// After our FIN we read on, so that unread input does not turn into a reset that destroys the
/// answer on its way.
constexpr milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytesMax = 1024 * 1024;

}  // namespace

Connection::Connection(ConnectionContext& context, ConnectionSet& set)
    : context_(context),
      set_(set),
      socket_(context.io, *this),
      parser_(context.settings.limits, context.settings.header_map),
      in_(context.blocks) {
  if (context.last_words != nullptr) context.last_words->add(last_word_);
}

Connection::~Connection() {
  if (context_.last_words != nullptr) context_.last_words->remove(last_word_);
}

void Connection::start(int fd, const Address& peer, const Address& local) {
  socket_.open(peer.family(), fd);
  if (!(peer == peer_)) {
    peer_ = peer;
    peer_ip_ = peer.ip();
    trusted_ = context_.trust.trusts(peer);
  }
  if (!(local == local_)) {
    local_ = local;
    local_ip_ = local.ip();
  }
  now_us_ = to_us(now());
  served_before_ = cut_ = eof_ = dead_ = news_ = false;
  write_blocked_us_ = 0;
  next_request();
  run();
}

DetachedCoroutine Connection::run() {
  while (co_await read_head()) {
    AppCall* call = open_call();
    if (call == nullptr) break;
    if (!co_await read_body(*call)) break;
    if (!co_await converse(*call)) break;
    next_request();
  }
  co_await close();
  set_.retire(*this);
}

/// True: a request's head is there. False: the connection ends; if an answer is owed, it is queued.
Task<bool> Connection::read_head() {
  const Deadlines& deadlines = context_.settings.deadlines;
  arm(Phase::kIdle, served_before_ ? deadlines.keepalive : deadlines.header);
  for (;;) {
    if (!in_.empty()) {
      const HttpParser::Progress progress = parser_.parse_head(in_.data(), in_.size());
      if (received_us_ == 0 && parser_.started()) {
        received_us_ = now_us_;
        renew_last_word();
      }
      if (progress == HttpParser::Progress::kComplete) {
        // A body makes the block change hands; a read that watched the client is pending into it.
        deadline_us_ = 0;
        if (parser_.request().has_body()) co_await stop_reading();
        co_return true;
      }
      if (progress == HttpParser::Progress::kRejected) {
        reject(nullptr, parser_.status(), parser_.reason());
        co_return false;
      }
      if (phase_ == Phase::kIdle && parser_.started()) arm(Phase::kHead, deadlines.header);
    }
    const bool more = co_await read_more();
    now_us_ = to_us(now());
    if (more) continue;
    if (expired_ && parser_.started()) refuse_late(nullptr, "header_timeout");
    co_return false;
  }
}

/// Reads the body of an app that wants it whole; of a streaming app's, what is there already.
/// False: the connection ends, the app never sees the request.
Task<bool> Connection::read_body(AppCall& call) {
  const bool streamed = context_.app.streams_body();
  if (body_complete_ || (streamed && continue_owed_)) co_return true;
  phase_ = Phase::kBody;
  if (!streamed) {
    await_body();
    whole_body_of_ = &call;
  }
  for (;;) {
    const HttpParser::Progress progress = streamed ? prefetch_body(call) : pump_body(call);
    const bool rejected = progress == HttpParser::Progress::kRejected;
    if (body_complete_ || (streamed && !rejected)) break;
    if (!rejected && !in_.empty()) continue;
    bool more = !rejected;
    if (more && !streamed && !context_.app.bodies().may_grow(call.body_share()))
      more = co_await await_memory(call);
    if (more) more = co_await read_more();
    if (more) continue;
    if (rejected) {
      reject(&call, parser_.status(), parser_.reason());
    } else if (expired_) {
      refuse_late_body(call);
    }
    whole_body_of_ = nullptr;
    call.discard();
    co_return false;
  }
  whole_body_of_ = nullptr;
  co_return true;
}

/// False: the connection ends before there is memory for more of the body.
Task<bool> Connection::await_memory(AppCall& call) {
  held_back_ = true;
  while (!cut_ && !dead_ && !expired_ && !context_.app.bodies().may_grow(call.body_share())) {
    deadline_us_ = context_.app.bodies().wait_end_us(call.body_share());
    co_await changed();
    if (rest_will_not_come(call)) die(CutReason::kClient);
  }
  held_back_ = false;
  no_memory_ = expired_;
  deadline_us_ = 0;
  // What we took our time for is not held against the client.
  body_moved_us_ = to_us(now());
  co_return !cut_ && !dead_ && !expired_;
}

/// Body in, response out, until the response has left or failed. True: the connection is kept.
Task<bool> Connection::converse(AppCall& call) {
  phase_ = Phase::kApp;
  const milliseconds limit = context_.settings.deadlines.request;
  if (limit.count() != 0) {
    call.set_deadline_us((has_body_ ? to_us(now()) : now_us_) + to_us(limit));
  }
  last_word_.note_app(call.times().started_mark());
  call.start();
  renew_last_word();
  set_conversation_deadline(call);
  if (context_.every_thread_hangs()) expired_ = news_ = true;
  if (context_.app.executor().saturated()) {
    if (!out_.empty()) flush();
    watch_client(call);  // who leaves before a thread is free is not served
  }
  for (;;) {
    co_await changed();
    take_read();
    if (cut_ || dead_) break;
    if (expired_ || call.is_silent()) conversation_expired(call);
    if (!body_complete_ && !response_complete_) pump_streamed_body(call);
    Sent sent = Sent::kAll;
    for (bool more = true; more && sent == Sent::kAll;) {
      // What the client was behind with has kept the next part in the app's hands: who waits there
      // for room says nothing more.
      const bool was_behind = !body_out_.empty() || !file_.empty();
      more = collect_response(call) || was_behind;
      sent = may_join_next_response(call) ? Sent::kAll : flush();
    }
    if (sent == Sent::kDead) break;
    if (response_complete_ && (sent == Sent::kAll)) break;
    watch_client(call);
    set_conversation_deadline(call);
  }
  if (!response_complete_) {
    keep_alive_ = false;
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
  }
  co_return co_await finish(call);
}

/// Logs the request and gives the call back; what the app still looks at goes with it.
Task<bool> Connection::finish(AppCall& call) {
  // A read would be into the block that the call will keep.
  if (!call.is_over()) co_await stop_reading();
  if (!body_complete_) {
    // What is left of the body would be read as a next request.
    keep_alive_ = false;
    linger_ = true;
  }
  now_us_ = to_us(now());
  if (!response_complete_ || dead_ || cut_) note_cut(CutReason::kClient);
  if (cut_reason_ != CutReason::kNone) log_cut(call);
  log_access(&call);
  if (!call.is_over()) leave_input_with(call);
  call.detach(now_us_);
  awaits_body_ = false;
  served_before_ = true;
  context_.bytes_moved += bytes_in_ + sent_bytes_;
  context_.request_served(ConnectionContext::Served::kByApp);
  co_return keep_alive_ && !dead_ && !cut_;
}

Task<bool> Connection::stop_reading() {
  if (socket_.reading()) socket_.cancel_read();
  while (socket_.reading()) co_await changed();
  take_read();
  co_return true;
}

/// True: there is more in in_. False: none will come (end, error, deadline, cut).
Task<bool> Connection::read_more() {
  take_read();
  const std::size_t before = in_.size();
  for (;;) {
    if (cut_ || dead_ || eof_ || expired_ || flush() == Sent::kDead) co_return false;
    if (!socket_.reading()) {
      if (std::exchange(release_buffer_, false) && in_.empty()) {
        in_.release();
        socket_.start_wait_readable();
      } else {
        char* space = in_.space(kReadSizeMin);
        last_word_.note_read(space);
        socket_.start_read(space, in_.room());
      }
    }
    co_await changed();
    take_read();
    if (in_.size() != before) co_return true;
  }
}

/// Sends what is queued, ends the connection so that the client gets all of it, and comes to rest.
Task<bool> Connection::close() {
  expired_ = awaits_body_ = false;
  arm(Phase::kClosing, milliseconds(0));
  while (!cut_ && flush() == Sent::kBlocked) co_await changed();
  if (ends_by_close_ && response_complete_ && !cut_short_ && !cut_ && !dead_) {
    socket_.end_by_reset(false);
    ends_by_close_ = false;
  }
  // An orderly end would be that of the response.
  if (linger_ && !ends_by_close_ && !cut_ && !dead_ && !eof_) {
    socket_.shutdown_write();
    now_us_ = to_us(now());
    arm(Phase::kClosing, kLingerTime);
    std::size_t discarded = in_.size();
    in_.consume(in_.size());
    while (discarded < kLingerBytesMax) {
      const bool more = co_await read_more();
      if (!more) break;
      discarded += in_.size();
      in_.consume(in_.size());
    }
  }
  last_word_.withdraw();
  file_.withdraw();
  if (file_.is_being_sent()) {
    socket_.shut_down();
    while (file_.is_being_sent()) co_await changed();
  }
  socket_.close();
  while (!socket_.quiet()) co_await changed();
  out_.clear();
  body_out_.clear();
  file_.drop();
  in_.release();
  head_.release();
  head_size_ = 0;
  deadline_us_ = 0;
  co_return true;
}

void Connection::release_memory() {
  out_.release_memory();
  body_out_.release_memory();
  response_head_log_ = std::string();
}

void Connection::wake() {
  if (waiter_) {
    std::exchange(waiter_, nullptr).resume();
  } else {
    news_ = true;
  }
}

void Connection::expire() {
  if (phase_ == Phase::kClosing) return;
  if (is_to_be_spared()) {
    deadline_us_ = to_us(now());
    return;
  }
  expired_ = true;
  deadline_us_ = 0;
  wake();
}

void Connection::give_up_waiting() {
  if (phase_ != Phase::kApp) return;
  expired_ = true;
  wake();
}

void Connection::cut() {
  note_cut(CutReason::kGracefulTimeout);
  cut_ = true;
  wake();
}

}  // namespace alicorn
