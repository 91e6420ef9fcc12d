// The request's side of a connection: reading, the call's opening, the body, deadlines. Plain
// functions, none of which waits.
#include "workers/connection/connection.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace alicorn {
namespace {

constexpr std::size_t kBodyPieceMax = 64 * 1024;

std::uint64_t rate_window_us(milliseconds timeout) {
  return to_us(timeout.count() != 0 ? timeout : Deadlines::kRateWindow);
}

/// Of a trusted peer's request. Empty: none that could stand in a log as it is.
std::string_view request_id_of(const HttpRequest& request) {
  for (const alicorn_field& field : request.fields) {
    if (as_view(field.name) != "x-request-id") continue;
    return RequestIds::acceptable(as_view(field.value)) ? as_view(field.value) : std::string_view();
  }
  return {};
}

}  // namespace

void Connection::arm(Phase phase, milliseconds limit) {
  phase_ = phase;
  deadline_us_ = limit.count() == 0 ? 0 : now_us_ + to_us(limit);
  if (phase == Phase::kIdle) {
    was_spared_ = false;
    idle_since_us_ = now_us_;
  }
  if (phase == Phase::kIdle && context_.sends_clients_away()) drain(now_us_);
  if (phase == Phase::kHead && context_.leaving) deadline_us_ = now_us_;
}

void Connection::take_read() {
  if (socket_.reading()) return;
  last_word_.note_read(nullptr);
  std::size_t count = 0;
  switch (socket_.take_read(count)) {
    case ClientSocket::ReadEnd::kData:
      in_.added(count);
      bytes_in_ += count;
      if (awaits_body_) body_moved_us_ = to_us(now());
      break;
    case ClientSocket::ReadEnd::kEof:
      eof_ = true;
      // Only a unix socket tells a client that has left from one that has said all it has to say.
      if (phase_ == Phase::kApp && socket_.hung_up()) die(CutReason::kClient);
      break;
    case ClientSocket::ReadEnd::kError:
      die(CutReason::kClient);
      break;
    case ClientSocket::ReadEnd::kCancelled:
    case ClientSocket::ReadEnd::kNone:
      break;
  }
}

/// Gives the parsed head to a call. Null: answered already.
AppCall* Connection::open_call() {
  HttpRequest& request = parser_.request();
  ClientIdentity client{.address = peer_ip_, .port = peer_.port(), .scheme = "http"};
  if (trusted_) client = context_.trust.identify(request, peer_ip_, peer_.port());
  if (client.conflicting) {
    reject(nullptr, 400, "secure_scheme_headers contradict each other");
    return nullptr;
  }
  if (context_.leaving) {
    refuse_late(nullptr, {});
    return nullptr;
  }
  if (context_.every_thread_hangs()) {
    reject(nullptr, 503, kEveryThreadHangs);
    return nullptr;
  }
  AppCall* call = context_.app.calls().take();
  if (call == nullptr) {
    reject(nullptr, 503, "too many requests in the app's hands");
    return nullptr;
  }
  head_size_ = parser_.consumed();
  method_id_ = request.method_id;
  version_minor_ = request.version_minor;
  client_keeps_alive_ = request.keep_alive;
  body_complete_ = !request.has_body();
  has_body_ = request.has_body();
  continue_owed_ = has_body_ && request.expects_continue;
  client_ip_ = client.address;
  // From anybody else it would be a way to pass for another request in the logs.
  const std::string_view given_id = trusted_ ? request_id_of(request) : std::string_view();
  call->facts().id().assign(given_id.empty() ? context_.ids.next() : given_id);
  call->open(*this, request);
  call->facts().set_received_head({in_.data(), head_size_});
  alicorn_request& view = call->facts().abi();
  view.scheme = as_abi(client.scheme);
  call->facts().set_addresses(client.address, local_ip_);
  view.client_port = client.port;
  view.server_port = local_.port();
  view.request_id = as_abi(call->facts().id());
  view.received_us = now_us_;
  if (context_.draining) call->cancel(ALICORN_CANCEL_DRAIN);
  if (has_body_) set_body_apart();
  return call;
}

/// From here on in_ holds the body, and the head stays where the call's views are.
void Connection::set_body_apart() {
  head_ = std::move(in_);
  in_ = InputBuffer(context_.blocks);
  const std::size_t rest = head_.size() - head_size_;
  if (rest == 0) return;
  std::memcpy(in_.space(rest), head_.data() + head_size_, rest);
  in_.added(rest);
}

void Connection::await_body() {
  awaits_body_ = true;
  body_moved_us_ = to_us(now());
  deadline_us_ = 0;
  // Behind the head of the answer it would be a part of the answer's body.
  if (std::exchange(continue_owed_, false) && in_.empty() && !head_queued_) {
    last_word_.let_go_of_queue();
    out_.append_copy(kContinue);
    head_bytes_ += kContinue.size();
    flush();
  }
}

/// Hands received bytes of the body over.
HttpParser::Progress Connection::pump_body(AppCall& call) {
  HttpParser::Progress progress = HttpParser::Progress::kNeedMore;
  if (in_.empty()) return progress;
  progress = call.receive(parser_, in_.data(), std::min(in_.size(), kBodyPieceMax));
  in_.consume(parser_.consumed());
  if (progress == HttpParser::Progress::kComplete) {
    body_complete_ = true;
    awaits_body_ = false;
  }
  return progress;
}

/// Before a streaming app starts: what of the body has arrived. An app that finds all of it there
/// need not wait, and waiting costs a change of threads.
HttpParser::Progress Connection::prefetch_body(AppCall& call) {
  HttpParser::Progress progress = HttpParser::Progress::kNeedMore;
  while (progress == HttpParser::Progress::kNeedMore && call.body_has_room()) {
    if (in_.empty()) {
      if (socket_.reading() || eof_ || dead_) break;
      char* space = in_.space(1);
      const std::size_t count = socket_.read_now(space, in_.room());
      if (count == 0) break;
      in_.added(count);
      bytes_in_ += count;
    }
    progress = pump_body(call);
  }
  return progress;
}

void Connection::pump_streamed_body(AppCall& call) {
  if (!awaits_body_ && call.body_wanted()) await_body();
  while (!body_complete_ && !in_.empty() && call.body_has_room()) {
    if (pump_body(call) != HttpParser::Progress::kRejected) continue;
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
    give_up_response(parser_.status(), CutReason::kRequest, parser_.reason(), call);
    return;
  }
  // A client that ends here has sent an incomplete request: no response is owed to it.
  if (eof_ && !body_complete_ && in_.empty()) {
    call.body_aborted();
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
    die(CutReason::kClient);
  }
}

/// While the app takes its time: is the client still there, and does it send more of the body?
void Connection::watch_client(AppCall& call) {
  if (socket_.reading() || eof_) return;
  if (!body_complete_ && !call.body_has_room()) {
    if (stalled_since_us_ == 0) stalled_since_us_ = to_us(now());
    return;
  }
  if (stalled_since_us_ != 0) {
    // What the app took its time for is not held against the client.
    body_moved_us_ = to_us(now());
    stalled_since_us_ = 0;
  }
  // Without a body, in_ holds the head that the app looks at: it must not move.
  // And what a client pipelines behind its request waits in the kernel, not in a growing block.
  const bool is_free = has_body_ && (!body_complete_ || in_.empty());
  const bool may_move = is_free || !in_.has_block();
  if (may_move) in_.space(1);
  if (in_.room() == 0) return;
  last_word_.note_read(in_.tail());
  socket_.start_read(in_.tail(), in_.room());
}

/// Of the next, pipelined request.
std::size_t Connection::unread() const {
  return in_.size() - (has_body_ ? 0 : head_size_);
}

void Connection::leave_input_with(AppCall& call) {
  if (has_body_) {
    call.facts().keep_input(std::move(head_));
    return;
  }
  InputBuffer rest(context_.blocks);
  const std::size_t unread = in_.size() - head_size_;
  if (unread > 0) {
    std::memcpy(rest.space(unread), in_.data() + head_size_, unread);
    rest.added(unread);
  }
  call.facts().keep_input(std::move(in_));
  in_ = std::move(rest);
  head_size_ = 0;
}

void Connection::next_request() {
  last_word_.await_request(socket_.fd());
  if (!has_body_) in_.consume(head_size_);
  head_.release();
  parser_.reset();
  client_ip_ = {};
  head_size_ = 0;
  method_id_ = 0;
  status_ = 0;
  received_us_ = first_byte_us_ = 0;
  error_body_size_ = head_bytes_ = sent_bytes_ = 0;
  cut_reason_ = CutReason::kNone;
  is_own_answer_ = ends_by_close_ = false;
  bytes_in_ = in_.size();
  has_body_ = body_complete_ = continue_owed_ = awaits_body_ = false;
  head_queued_ = response_complete_ = keep_alive_ = client_keeps_alive_ = false;
  expired_ = no_memory_ = release_buffer_ = linger_ = cut_short_ = false;
  whole_body_of_ = nullptr;
  stalled_since_us_ = 0;
  body_rate_.restart();
  write_rate_.restart();
}

/// Of a body that is held back. A client that has ended its side may still wait for its answer.
bool Connection::rest_will_not_come(AppCall& call) {
  if (socket_.hung_up()) return true;
  const auto last_bytes = socket_.last_bytes();
  if (!last_bytes) return false;
  const std::int64_t length = call.facts().abi().content_length;
  if (length < 0) return *last_bytes == 0;
  return bytes_in_ - head_size_ + *last_bytes < static_cast<std::uint64_t>(length);
}

/// Only while we read: what the app leaves unread is not held against the client.
bool Connection::body_is_overdue(std::uint64_t now_us) const {
  if (!reads_body()) return false;
  const milliseconds limit = context_.settings.deadlines.body;
  return body_rate_.is_broken() || (limit.count() != 0 && now_us > body_moved_us_ + to_us(limit));
}

/// The client does not take what waits for it, or takes it too slowly. The socket has room again
/// only when a third of its buffer, which may be megabytes, is empty: so what has left it counts.
std::optional<CutReason> Connection::find_slow_reader(std::uint64_t now_us) {
  const Deadlines& deadlines = context_.settings.deadlines;
  const auto is_over = [&](std::uint64_t since_us) {
    return since_us != 0 && deadlines.write.count() != 0 &&
           now_us > since_us + to_us(deadlines.write);
  };
  const MinimumRate::Demand demand{deadlines.write_min_rate, rate_window_us(deadlines.write)};
  if (write_blocked_us_ == 0) {
    write_rate_.look(demand, false, 0, now_us);
    // A file that does not come is not the client's fault, but nobody waits for it for ever.
    return is_over(file_.running_since_us()) ? std::optional(CutReason::kFile) : std::nullopt;
  }
  const std::size_t waiting = socket_.unsent();
  if (waiting < std::exchange(write_waiting_, waiting)) write_blocked_us_ = now_us;
  if (is_over(write_blocked_us_)) return CutReason::kWriteTimeout;
  // Only differences matter, so that it may wrap.
  const std::uint64_t taken = sent_bytes_ - waiting;
  if (write_rate_.look(demand, true, taken, now_us)) return CutReason::kWriteRate;
  return std::nullopt;
}

void Connection::sweep(std::uint64_t now_us) {
  constexpr std::uint64_t kIdleBufferTime = 5'000'000;
  if (phase_ != Phase::kIdle || write_blocked_us_ != 0) {
    const Deadlines& deadlines = context_.settings.deadlines;
    body_rate_.look({deadlines.body_min_rate, rate_window_us(deadlines.body)}, reads_body(),
                    bytes_in_, now_us);
    if (const auto reason = find_slow_reader(now_us)) {
      die(*reason);
      wake();
      return;
    }
  }
  const bool keeps_memory = whole_body_of_ != nullptr &&
                            context_.app.bodies().is_too_slow(whole_body_of_->body_share(), now_us);
  const bool overdue =
      keeps_memory || (deadline_us_ != 0 && now_us >= deadline_us_) || body_is_overdue(now_us);
  if (overdue) {
    if (is_to_be_spared()) return;
    no_memory_ = keeps_memory;
    expired_ = true;
    deadline_us_ = 0;
    wake();
  } else if (phase_ == Phase::kIdle && in_.has_block() && in_.empty() && socket_.reading() &&
             now_us > now_us_ + kIdleBufferTime && !release_buffer_) {
    release_buffer_ = true;
    socket_.cancel_read();
  } else if (held_back_) {
    wake();  // nobody reads from the client: has it left?
  } else if (phase_ == Phase::kApp && !socket_.reading() && !eof_) {
    wake();  // watches the client from now on, also of a call that still waits for a thread
  }
}

/// Closed with a request unread, a connection is reset. What has come while the loop was at other
/// things is read in its next turn: until the next sweep there is time for that.
bool Connection::is_to_be_spared() {
  return phase_ == Phase::kIdle && !std::exchange(was_spared_, true) && socket_.has_unread();
}

std::optional<std::uint64_t> Connection::idle_since_us() const {
  const bool is_idle = phase_ == Phase::kIdle && !expired_ && in_.empty() && out_.empty();
  return is_idle ? std::optional(idle_since_us_) : std::nullopt;
}

void Connection::drain(std::uint64_t now_us) {
  if (phase_ != Phase::kIdle) return;
  const std::uint64_t limit = now_us + to_us(context_.idle_grace);
  if (deadline_us_ == 0 || deadline_us_ > limit) deadline_us_ = limit;
}

}  // namespace alicorn
