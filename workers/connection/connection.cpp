#include "workers/connection/connection.hpp"

#include "workers/connection/expiry.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

// gcc thinks that the arena's operator new, a template, and its operator delete do not match.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace alicorn {
namespace {

/// After our FIN we keep reading, so that unread input does not cause a reset that destroys the
/// answer on its way.
constexpr milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytesMax = 1024 * 1024;
/// Pipelined responses are sent together up to this size.
constexpr std::size_t kJoinedOutputMax = 16 * 1024;

}  // namespace

Connection::Connection(ConnectionContext& context, ConnectionHome& home)
    : context_(context),
      home_(home),
      socket_(context.loop, *this),
      reader_(context.blocks, context.settings.limits, context.settings.header_map),
      writer_(context.own_fields),
      sender_(socket_, *this, context.app.disk_helpers(), context.settings.sendfile, writer_),
      receiver_(socket_, reader_, sender_.last_word()) {
  if (context.last_words != nullptr) context.last_words->add(sender_.last_word());
}

Connection::~Connection() {
  if (context_.last_words != nullptr) context_.last_words->remove(sender_.last_word());
}

void Connection::start(int fd, const Address& peer, const Address& local) {
  socket_.open(fd);
  mobility_.begin_new();
  begin(peer, local);
  run();
}

void Connection::resume(RestingClient& client, const Address& peer, const Address& local) {
  client.move_to(socket_);
  mobility_.begin_rested(client.state());
  begin(peer, local);
  clock_.set_deadline(client.state().deadline_us);
  run();
}

void Connection::take_over(MovingClient client, std::string_view unread, const Address& peer,
                           const Address& local) {
  socket_.open_read(client.fd.release());
  mobility_.begin_moved(client, context_.loop.time_us());
  begin(peer, local);
  reader_.set_received_us(mobility_.received_us());
  if (!mobility_.sends_client_away()) clock_.set_idle_since(client.state.idle_since_us);
  if (!unread.empty()) {
    std::memcpy(reader_.input().space(unread.size()), unread.data(), unread.size());
    reader_.note_received(unread.size());
  }
  run();
}

void Connection::begin(const Address& peer, const Address& local) {
  ends_.set(peer, local, context_.trust);
  exchange_.begin_connection();
  clock_.set_now(context_.loop.time_us());
  lost_ = news_ = false;
  receiver_.restart();
  sender_.restart();
  next_request();
  await_request();
}

void Connection::await_request() {
  const Deadlines& deadlines = context_.settings.deadlines;
  arm(Phase::kIdle, mobility_.was_served() ? deadlines.keepalive : deadlines.header);
}

DetachedCoroutine Connection::run() {
  for (;;) {
    if (context_.hands_over && move()) co_return;
    Head head = look_at_head();
    while (head == Head::kIncomplete && ask_for_more()) {
      co_await Change{*this};
      if (take_read()) {
        clock_.set_now(context_.loop.time_us());
        head = look_at_head();
      } else if (leave()) {
        co_return;
      }
    }
    if (head == Head::kIncomplete && clock_.is_expired() && reader_.has_begun()) {
      refuse_late(nullptr, "header_timeout");
    }
    if (head != Head::kComplete) break;
    AppCall* call = open_call();
    if (call == nullptr) break;
    if (reader_.body_comes_first(context_.app.streams_body()) && !co_await read_body(*call)) break;
    begin_conversation(*call);
    do {
      co_await Change{*this};
      if (mobility_.is_asked() && move_with(*call)) co_return;
    } while (converse(*call));
    if (!finish(*call)) break;
    next_request();
    await_request();
  }
  co_await close();
  home_.retire(*this);
}

/// Reads what has come of the next request's head.
Connection::Head Connection::look_at_head() {
  if (reader_.input().empty()) return Head::kIncomplete;
  const bool had_begun = reader_.received_us() != 0;
  const HttpParser::Progress progress = reader_.read_head(clock_.now_us());
  switch (progress) {
    case HttpParser::Progress::kComplete:
      clock_.set_no_deadline();
      // Without a body, begin_conversation() follows at once and does it.
      if (reader_.parser().request().has_body()) renew_last_word();
      return Head::kComplete;
    case HttpParser::Progress::kRejected:
      reject(nullptr, reader_.parser().status(), reader_.parser().reason());
      return Head::kRefused;
    case HttpParser::Progress::kNeedMore:
      break;
  }
  if (!had_begun && reader_.has_begun()) renew_last_word();
  if (clock_.is_in(Phase::kIdle) && reader_.has_begun()) {
    arm(Phase::kHead, context_.settings.deadlines.header);
  }
  return Head::kIncomplete;
}

/// Gives the parsed head to a call. Null: the request is already answered.
AppCall* Connection::open_call() {
  if (!exchange_.open(reader_.parser().request())) {
    reject(nullptr, 400, "secure_scheme_headers contradict each other");
    return nullptr;
  }
  if (context_.leaving) {
    refuse_late(nullptr, {});
    return nullptr;
  }
  if (context_.nobody_will_run_them()) {
    reject(nullptr, 503, kEveryThreadHangs);
    return nullptr;
  }
  AppCall* call = context_.app.calls().take();
  if (call == nullptr) {
    reject(nullptr, 503, "too many requests in the app's hands");
    return nullptr;
  }
  reader_.begin_body();
  exchange_.describe_to(*call, *this, reader_, mobility_.came_us(clock_.now_us()));
  if (context_.draining) call->cancel(ALICORN_CANCEL_DRAIN);
  return call;
}

/// Reads the whole body for an app that wants it whole; for a streaming app, only what has arrived.
/// False: the connection ends, and the app never sees the request.
Task<bool> Connection::read_body(AppCall& call) {
  const bool streamed = context_.app.streams_body();
  clock_.enter(Phase::kBody, milliseconds(0));
  if (!streamed) {
    await_body();
    whole_body_of_ = &call;
  }
  for (;;) {
    const HttpParser::Progress progress =
        streamed ? receiver_.prefetch(call) : receiver_.pump(call);
    const bool rejected = progress == HttpParser::Progress::kRejected;
    const bool is_whole = reader_.body_is_whole();
    AppCall::Spilled spilled = AppCall::Spilled::kFine;
    if (!streamed && !rejected) {
      if (call.spill_body(is_whole)) co_await await_disk(call);
      spilled = call.settle_spill(is_whole);
    }
    const bool is_kept = spilled == AppCall::Spilled::kFine && !lost_;
    if (is_kept && (is_whole || (streamed && !rejected))) break;
    if (is_kept && !rejected && !reader_.input().empty()) continue;
    bool more = !rejected && is_kept;
    if (more && !streamed && !context_.app.bodies().may_grow(call.body_share())) {
      more = co_await await_memory(call);
    }
    if (more) more = co_await read_more();
    if (more) continue;
    const bool lacks_memory = clock_.expired() == PhaseClock::Expired::kMemory;
    if (rejected) {
      reject(&call, reader_.parser().status(), reader_.parser().reason());
    } else if (lacks_memory && !context_.leaving) {
      reject(&call, 503, "limit_body_memory");
    } else if (spilled == AppCall::Spilled::kOverLimit) {
      reject(&call, 503, "limit_body_disk");
    } else if (spilled == AppCall::Spilled::kNoMemory) {
      reject(&call, 503, "no memory for a large body");
    } else if (spilled == AppCall::Spilled::kNoSpace) {
      reject(&call, 507, "body_dir is full");
    } else if (spilled == AppCall::Spilled::kDiskFails) {
      reject(&call, 500, "body_dir fails");
    } else if (clock_.is_expired()) {
      refuse_late(&call, "body_timeout or body_min_rate");
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
  BodyBudget& bodies = context_.app.bodies();
  const std::int64_t length = call.facts().abi().content_length;
  reader_.hold_back();
  while (!lost_ && !clock_.is_expired() && !bodies.may_grow(call.body_share())) {
    clock_.set_deadline(bodies.wait_end_us(call.body_share()));
    co_await Change{*this};
    // Nobody reads from the client meanwhile: has the client left?
    const bool has_left =
        socket_.hung_up() || reader_.rest_will_not_come(socket_.last_bytes(), length);
    if (has_left) die(CutReason::kClient);
  }
  reader_.read_on(to_us(now()));
  if (clock_.is_expired()) clock_.expire(PhaseClock::Expired::kMemory);
  clock_.set_no_deadline();
  co_return !lost_ && !clock_.is_expired();
}

/// Until what has come of the body lies in its file, or the connection ends.
Task<bool> Connection::await_disk(AppCall& call) {
  const bool awaits_more = !reader_.body_is_whole();
  if (awaits_more) reader_.hold_back();
  while (!lost_ && !clock_.is_expired() && call.is_spilling()) co_await Change{*this};
  if (awaits_more) reader_.read_on(to_us(now()));
  co_return !lost_;
}

/// Gives the request to the app.
void Connection::begin_conversation(AppCall& call) {
  clock_.enter(Phase::kApp, milliseconds(0));
  const milliseconds limit = context_.settings.deadlines.request;
  const std::uint64_t ready =
      mobility_.ready_us(reader_.has_body() ? to_us(now()) : clock_.now_us());
  call.set_ready_us(ready);
  if (limit.count() != 0) call.set_deadline_us(ready + to_us(limit));
  sender_.last_word().note_app(call.times().started_mark());
  mobility_.has_waited() ? call.start_by_age() : call.start();
  renew_last_word();
  clock_.set_deadline(call.times().deadline_us());  // nothing of the call has run yet
  if (context_.app.executor().saturated()) {
    if (!writer_.heads().empty()) flush();
    receiver_.watch(call);  // a client that leaves before a thread is free is not served
    if (waits_in_vain(call)) hurry(Hurry::kNoThread);
  }
}

/// No thread of this worker will become free for the request, and it cannot go to another worker.
bool Connection::waits_in_vain(AppCall& call) {
  return context_.every_thread_hangs() && !(context_.hands_over && mobility_.could_move_with(call));
}

/// Passes the body in and the response out, as far as they have come. False: the response has left
/// or failed.
bool Connection::converse(AppCall& call) {
  take_read();
  if (!lost_) {
    if (clock_.is_expired() || call.times().is_silent()) conversation_expired(call);
    if (!reader_.body_is_whole() && !writer_.is_done()) pump_streamed_body(call);
    Sent sent = Sent::kAll;
    for (bool more = true; more && sent == Sent::kAll;) {
      // While the client was behind, the app held the next part back. An app that waits there for
      // room does not notify us again.
      const bool was_behind = !sender_.has_no_body();
      more = collect_response(call) || was_behind;
      // The next pipelined request is already here, so both responses may be sent together, unless
      // there is an access log: it records what has been sent.
      const bool waits_for_next = writer_.is_done() && writer_.keeps_connection() &&
                                  reader_.unread() > 0 && sender_.has_no_body() &&
                                  writer_.heads().size() < kJoinedOutputMax && call.is_over() &&
                                  !context_.access_log.enabled();
      sent = waits_for_next ? Sent::kAll : flush();
    }
    if (!lost_ && !(writer_.is_done() && sent == Sent::kAll)) {
      receiver_.watch(call);
      // A finished answer has no deadline here: write_timeout limits how long the client may take
      // for it.
      const bool is_kept = writer_.is_done() || call.answer_state().is_finished;
      clock_.set_deadline(is_kept ? 0 : call.times().deadline_us());
      return true;
    }
  }
  if (!writer_.is_done()) {
    writer_.do_not_keep();
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
  }
  return false;
}

/// Logs the request and gives the call back, together with the bytes that the app still looks at.
/// True: the connection is kept.
bool Connection::finish(AppCall& call) {
  // The rest of the body would be read as the next request.
  if (!reader_.body_is_whole()) writer_.linger();
  clock_.set_now(context_.access_log.enabled() ? to_us(now()) : context_.loop.time_us());
  if (!writer_.is_done() || lost_) writer_.note_cut(CutReason::kClient);
  if (writer_.cut() != CutReason::kNone) exchange_.log_cut(call, writer_, clock_.now_us());
  exchange_.log_access(&call, {{}, reader_.bytes_in(), reader_.received_us(), mobility_.moves()},
                       writer_, clock_.now_us());
  if (!call.is_over()) reader_.leave_input_with(call.facts());
  call.detach(clock_.now_us());
  reader_.stop_awaiting_body();
  mobility_.note_served();
  context_.bytes_moved += reader_.bytes_in() + writer_.sent_bytes();
  context_.request_served(ConnectionContext::Served::kByApp);
  return writer_.keeps_connection() && !lost_;
}

/// True: there is more input. False: none will come (end, error, deadline, cut).
Task<bool> Connection::read_more() {
  const std::size_t before = reader_.input().size();
  take_read();
  while (reader_.input().size() == before) {
    if (!ask_for_more()) co_return false;
    co_await Change{*this};
    take_read();
  }
  co_return true;
}

/// Sends what is queued, and closes so that the client receives all of it.
Task<bool> Connection::close() {
  clock_.forgive();
  reader_.stop_awaiting_body();
  arm(Phase::kClosing, milliseconds(0));
  while (!lost_ && flush() == Sent::kBlocked) co_await Change{*this};
  using State = ResponseWriter::State;
  if (writer_.ends_by_close() && writer_.state() == State::kWhole && !lost_) {
    socket_.end_by_reset(false);
  }
  if (writer_.end() == ResponseWriter::End::kLinger && !lost_ && !receiver_.has_ended()) {
    socket_.shutdown_write();
    clock_.set_now(to_us(now()));
    arm(Phase::kClosing, kLingerTime);
    reader_.forget_request();
    InputBuffer& input = reader_.input();
    std::size_t discarded = input.size();
    input.consume(input.size());
    while (discarded < kLingerBytesMax) {
      const bool more = co_await read_more();
      if (!more) break;
      discarded += input.size();
      input.consume(input.size());
    }
  }
  FileBody& file = sender_.file();
  sender_.last_word().withdraw();
  file.withdraw();
  if (file.is_being_sent()) {
    socket_.shut_down();
    while (file.is_being_sent()) co_await Change{*this};
  }
  sender_.last_word().note_read(nullptr);
  if (mobility_.may_have_copy()) socket_.shut_down_copies();
  socket_.close();
  writer_.clear();
  file.drop();
  reader_.release();
  clock_.set_no_deadline();
  co_return true;
}

// ---- What it does between two waits: bytes in

/// Reads on, after sending what the client may be waiting for. False: nothing more will come.
bool Connection::ask_for_more() {
  if (lost_ || receiver_.has_ended() || clock_.is_expired()) return false;
  if (sender_.has_something()) flush();
  if (lost_) return false;
  if (!socket_.reading()) receiver_.start_read();
  return true;
}

/// True: there are more bytes.
bool Connection::take_read() {
  switch (receiver_.take_read()) {
    case RequestReceiver::Came::kEnd:
      // Only a unix socket distinguishes a client that has left from one that has only ended its
      // side.
      if (clock_.is_in(Phase::kApp) && socket_.hung_up()) die(CutReason::kClient);
      return false;
    case RequestReceiver::Came::kLoss:
      die(CutReason::kClient);
      return false;
    case RequestReceiver::Came::kBytes:
      return true;
    case RequestReceiver::Came::kNothing:
      break;
  }
  return false;
}

void Connection::await_body() {
  clock_.set_no_deadline();
  const bool wants_continue = reader_.await_body(to_us(now()));
  // After the head of the answer, the 100 would become part of the answer's body.
  if (!wants_continue || writer_.has_begun()) return;
  sender_.last_word().let_go_of_queue();
  writer_.append_continue();
  flush();
}

void Connection::pump_streamed_body(AppCall& call) {
  if (!reader_.awaits_body() && call.body_wanted()) await_body();
  while (!reader_.body_is_whole() && !reader_.input().empty() && call.body_has_room()) {
    if (receiver_.pump(call) != HttpParser::Progress::kRejected) continue;
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
    const HttpParser& parser = reader_.parser();
    give_up_response(parser.status(), CutReason::kRequest, parser.reason(), call);
    return;
  }
  // A client that ends its side here has sent an incomplete request: no response is owed to it.
  if (receiver_.has_ended() && !reader_.body_is_whole() && reader_.input().empty()) {
    call.body_aborted();
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
    die(CutReason::kClient);
  }
}

// ---- The response out

/// Takes what the app has given. False: nothing new.
bool Connection::collect_response(AppCall& call) {
  if (writer_.is_done() || !sender_.has_no_body()) return false;
  const bool was_next = sender_.last_word().let_go_of_queue();
  const std::size_t begin = writer_.begin_piece();
  FilePart file;
  const Answer::Collected collected =
      call.collect(writer_.heads().copy_target(), writer_.body(), file);
  const bool may_keep = exchange_.client_keeps_alive() && !mobility_.sends_client_away();
  if (collected.head_is_new) {
    const AccessLog::Wants wants = context_.access_log.wants();
    const bool may_ask_again = !receiver_.has_ended() || reader_.unread() > 0;
    writer_.end_head(collected, begin,
                     {.client_keeps_alive = may_keep && may_ask_again,
                      .client_asked_for_it = exchange_.client_keeps_alive(),
                      .body_is_whole = reader_.body_is_whole(),
                      .version_minor = exchange_.version_minor(),
                      .is_logged = wants.response_head});
    if (wants.first_byte_time) exchange_.note_first_byte(to_us(now()));
    if (writer_.ends_by_close()) socket_.end_by_reset(true);
  }
  writer_.take(collected, begin);
  if (file.remaining > 0) sender_.file().start(std::move(file), writer_.heads().copy_target());
  writer_.finish_piece();
  if (collected.stage == Answer::Stage::kFailed) {
    if (writer_.has_begun()) {
      give_up_response(500, CutReason::kApp, {}, call);
    } else {
      answer_error(500, may_keep && reader_.body_is_whole());
    }
  }
  if (was_next) renew_last_word();
  return collected.took_something && !writer_.is_done();
}

/// An answer of our own, whole.
void Connection::answer_error(int status, bool keep_alive) {
  sender_.last_word().let_go_of_queue();
  writer_.answer({.status = status,
                  .keep_alive = keep_alive,
                  .to_head = exchange_.is_head(),
                  .version_minor = exchange_.version_minor()});
}

/// The app's response will not come, or only in part: sends an error if nothing has left yet,
/// otherwise ends the connection.
void Connection::give_up_response(int status, CutReason reason, std::string_view why,
                                  AppCall& call) {
  if (!why.empty()) exchange_.log_refusal(&call, status, why);
  if (writer_.has_begun()) {
    writer_.cut_short(reason);
  } else {
    answer_error(status, false);
  }
}

/// Refuses a request before the app gets it; the connection ends after the answer.
void Connection::reject(AppCall* call, int status, std::string_view reason) {
  exchange_.log_refusal(call, status, reason);
  if (call == nullptr) exchange_.note_method(reader_.parser().request().method_id);
  if (!writer_.has_begun()) answer_error(status, false);
  clock_.set_now(to_us(now()));
  if (reader_.received_us() == 0) reader_.set_received_us(clock_.now_us());
  flush();  // so that the log knows what has been sent
  const std::string_view line = call == nullptr ? reader_.request_line() : std::string_view();
  exchange_.log_access(call, {line, reader_.bytes_in(), reader_.received_us(), mobility_.moves()},
                       writer_, clock_.now_us());
  context_.request_served(ConnectionContext::Served::kRefused);
}

/// Refuses a request that has not arrived in time: by its own deadline, or by the worker's.
void Connection::refuse_late(AppCall* call, std::string_view deadline) {
  if (context_.leaving) return reject(call, 503, "graceful_timeout");
  reject(call, 408, deadline);
}

void Connection::conversation_expired(AppCall& call) {
  clock_.forgive();
  const std::uint64_t time = to_us(now());
  // Read it anew: the app may have asked for more time just now.
  const std::uint64_t deadline = call.times().deadline_us();
  const Expiry expiry = judge_expiry(
      {.is_silent = call.times().is_silent(),
       .has_started = call.times().started_us() != 0,
       .app_is_finished = call.answer_state().is_finished,
       .response_is_done = writer_.is_done(),
       .nobody_will_run_it = waits_in_vain(call),
       .worker_leaves = context_.leaving,
       .body_is_late = reads_body() && reader_.body_is_late(context_.settings.deadlines, time),
       .deadline_has_passed = deadline != 0 && deadline <= time});
  if (expiry.status == 0) return;
  if (expiry.is_reported) {
    const std::uint64_t age_ms = (time - reader_.received_us()) / 1000;
    context_.overdue.report(
        {call, OverdueRequest::Limit::kRequestTimeout, ends_.peer.text(), age_ms}, call,
        context_.app.calls(), time);
  }
  if (expiry.ends_body) call.body_aborted();
  call.cancel(expiry.cancel);
  give_up_response(expiry.status, expiry.cut, expiry.refusal, call);
}

Connection::Sent Connection::flush() {
  if (lost_) return Sent::kGone;
  const Sent sent = sender_.flush();
  if (sent == Sent::kAll && !writer_.has_begun() && sender_.has_sent_in_turn()) renew_last_word();
  if (sent == Sent::kGone) die(CutReason::kClient);
  if (sent == Sent::kFileLost) die(CutReason::kFile);
  return sent;
}

void Connection::renew_last_word() {
  sender_.renew_last_word(reader_.received_us(), exchange_.is_head());
}

void Connection::die(CutReason reason) {
  lost_ = true;
  writer_.note_cut(reason);
}

void Connection::next_request() {
  sender_.last_word().await_request(socket_.fd());
  reader_.next_request();
  writer_.next_request();
  sender_.next_request();
  exchange_.next_request();
  clock_.forgive();
  whole_body_of_ = nullptr;
}

void Connection::wake() {
  sender_.begin_turn();
  if (waiter_) {
    std::exchange(waiter_, nullptr).resume();
  } else {
    news_ = true;
  }
}

}  // namespace alicorn
