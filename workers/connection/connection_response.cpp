// The response's side of a connection: what the app gave goes out, or an answer of our own. Plain
// functions, none of which waits.
#include "base/log.hpp"
#include "workers/connection/connection.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace alicorn {
namespace {

/// A body up to this size is copied behind its head and leaves in one send; from here on writev
/// wins (measured).
constexpr std::size_t kCopiedBodyMax = 4 * 1024;
/// Pipelined responses are sent together up to this size.
constexpr std::size_t kJoinedOutputMax = 16 * 1024;
constexpr int kVectorsMax = 16;
/// One client that takes everything as fast as it comes must not hold the loop.
constexpr std::size_t kSentPerTurnMax = 1024 * 1024;

}  // namespace

/// Takes what the app has given. False: nothing new.
bool Connection::collect_response(AppCall& call) {
  if (response_complete_ || !body_out_.empty() || !file_.empty()) return false;
  const bool was_next = last_word_.let_go_of_queue();
  const std::size_t before = out_.copy_target().size();
  FilePart file;
  Answer::Collected progress = call.collect(out_.copy_target(), body_out_, file);
  if (progress.head_is_new) end_head(progress, before);
  head_bytes_ += out_.copy_target().size() - before;
  if (file.remaining > 0) file_.start(std::move(file), out_.copy_target());
  out_.copied();
  if (!body_out_.empty() && body_out_.size() <= kCopiedBodyMax) {
    std::array<iovec, kVectorsMax> parts;  // NOLINT: filled by gather
    const int count = body_out_.gather(parts.data(), kVectorsMax);
    if (count < kVectorsMax) {
      for (int i = 0; i < count; ++i) {
        const iovec& part = parts[static_cast<std::size_t>(i)];
        out_.append_copy({static_cast<const char*>(part.iov_base), part.iov_len});
      }
      body_out_.clear();
    }
  }
  if (progress.stage == Answer::Stage::kComplete) response_complete_ = true;
  if (progress.stage == Answer::Stage::kFailed) {
    const bool keep = client_keeps_alive_ && body_complete_ && !context_.sends_clients_away();
    if (head_queued_) {
      give_up_response(500, CutReason::kApp, {}, call);
    } else {
      answer_error(500, keep);
    }
  }
  if (was_next) renew_last_word();
  return progress.took_something && !response_complete_;
}

void Connection::end_head(const Answer::Collected& progress, std::size_t head_begin) {
  head_queued_ = true;
  status_ = progress.head.status;
  ends_by_close_ = progress.framing == Framing::kClose;
  if (ends_by_close_) socket_.end_by_reset(true);
  // A body that is still on its way when the answer is complete would have to be read first.
  const bool body_settled = body_complete_ || progress.stage == Answer::Stage::kBegun;
  keep_alive_ = client_keeps_alive_ && !context_.sends_clients_away() && body_settled &&
                (!eof_ || unread() > 0) && progress.framing != Framing::kClose;
  linger_ = !keep_alive_ && (client_keeps_alive_ || !body_complete_);
  HeadEnd end{.framing = progress.framing,
              .content_length = progress.length,
              .keep_alive = keep_alive_,
              .version_minor = version_minor_,
              .date = {},
              .server = {}};
  if (!progress.head.has_date) end.date = context_.date.text();
  if (!progress.head.has_server) end.server = context_.settings.server_header;
  std::string& text = out_.copy_target();
  append_head_end(text, end);
  if (context_.access_log.enabled()) {
    first_byte_us_ = to_us(now());
    response_head_log_.assign(text, head_begin);
  }
}

/// An answer of our own, whole.
void Connection::answer_error(int status, bool keep_alive) {
  keep_alive_ = keep_alive;
  status_ = status;
  head_queued_ = response_complete_ = is_own_answer_ = true;
  linger_ = !keep_alive;
  last_word_.let_go_of_queue();
  std::string& text = out_.copy_target();
  const std::size_t before = text.size();
  append_error(text, {.status = status,
                      .keep_alive = keep_alive,
                      .head_only = method_id_ == ALICORN_METHOD_HEAD,
                      .retry_after_s = status == 503 ? 1U : 0U,
                      .version_minor = version_minor_,
                      .date = context_.date.text(),
                      .server = context_.settings.server_header});
  const std::size_t head_end = text.find("\r\n\r\n", before);
  error_body_size_ = text.size() - (head_end == std::string::npos ? text.size() : head_end + 4);
  head_bytes_ += text.size() - before - error_body_size_;
  out_.copied();
}

/// The app's response will not come, or not whole: an error if nothing has left yet, else the end
/// of the connection.
void Connection::give_up_response(int status, CutReason reason, std::string_view why,
                                  AppCall& call) {
  if (!why.empty()) log_refusal(&call, status, why);
  if (head_queued_) {
    note_cut(reason);
    keep_alive_ = false;
    response_complete_ = true;
    cut_short_ = ends_by_close_;
  } else {
    answer_error(status, false);
  }
}

/// Refuses a request before the app has it; the connection ends after the answer.
void Connection::reject(AppCall* call, int status, std::string_view reason) {
  log_refusal(call, status, reason);
  if (call == nullptr) method_id_ = parser_.request().method_id;
  if (!head_queued_) answer_error(status, false);
  now_us_ = to_us(now());
  if (received_us_ == 0) received_us_ = now_us_;
  flush();  // so that the log knows what has left
  log_access(call);
  context_.request_served(ConnectionContext::Served::kRefused);
}

/// What has not arrived in time: by its own deadline, or by the worker's.
void Connection::refuse_late(AppCall* call, std::string_view deadline) {
  if (context_.leaving) return reject(call, 503, "graceful_timeout");
  reject(call, 408, deadline);
}

void Connection::refuse_late_body(AppCall& call) {
  if (no_memory_ && !context_.leaving) return reject(&call, 503, "limit_body_memory");
  refuse_late(&call, "body_timeout or body_min_rate");
}

void Connection::log_refusal(AppCall* call, int status, std::string_view reason) {
  if (!log::enabled(log::Level::kInfo) || !context_.refusals.note(status, to_us(now()))) return;
  const std::string id = call != nullptr ? call->facts().id() : std::string();
  log::info("refused a request", {{"status", std::to_string(status)},
                                  {"reason", reason},
                                  {"peer", peer_.text()},
                                  {"request_id", id}});
}

void Connection::conversation_expired(AppCall& call) {
  expired_ = false;
  if (call.is_silent()) {
    if (response_complete_ || call.answer_state().is_finished) return;
    call.cancel(ALICORN_CANCEL_DEADLINE);
    return give_up_response(504, CutReason::kTimeout, {}, call);
  }
  if (call.times().started_us() == 0 && context_.every_thread_hangs()) {
    call.cancel(ALICORN_CANCEL_DEADLINE);
    return give_up_response(503, CutReason::kTimeout, kEveryThreadHangs, call);
  }
  if (context_.leaving) {
    if (response_complete_) return;
    call.body_aborted();
    call.cancel(ALICORN_CANCEL_DEADLINE);
    return give_up_response(503, CutReason::kGracefulTimeout, "graceful_timeout", call);
  }
  if (body_is_overdue(to_us(now()))) {
    call.body_aborted();
    call.cancel(ALICORN_CANCEL_CLIENT_GONE);
    give_up_response(408, CutReason::kRequest, "body_timeout or body_min_rate", call);
    return;
  }
  // The app may have asked for more time just now.
  const std::uint64_t deadline = call.times().deadline_us();
  if (deadline == 0 || deadline > to_us(now()) || call.answer_state().is_finished) return;
  const bool started = call.times().started_us() != 0;
  const std::uint64_t time = to_us(now());
  context_.overdue.report(
      {call, OverdueRequest::Limit::kRequestTimeout, peer_.text(), (time - received_us_) / 1000},
      call, context_.app.calls(), time);
  call.cancel(ALICORN_CANCEL_DEADLINE);
  give_up_response(started ? 504 : 503, CutReason::kRequestTimeout, {}, call);
}

void Connection::set_conversation_deadline(AppCall& call) {
  // How long a client takes for a finished answer is the matter of write_timeout.
  const bool is_kept = response_complete_ || call.answer_state().is_finished;
  deadline_us_ = is_kept ? 0 : call.times().deadline_us();
}

/// The next pipelined request is here already, so that its response may leave together with this
/// one.
bool Connection::may_join_next_response(AppCall& call) const {
  // The access log tells what has left, and not what is about to.
  return response_complete_ && keep_alive_ && unread() > 0 && body_out_.empty() && file_.empty() &&
         out_.size() < kJoinedOutputMax && call.is_over() && !context_.access_log.enabled();
}

Connection::Sent Connection::flush() {
  for (std::uint64_t total = 0; !dead_;) {
    std::array<iovec, kVectorsMax> vectors;  // NOLINT: filled by gather
    int count = out_.gather(vectors.data(), kVectorsMax);
    count += body_out_.gather(vectors.data() + count, kVectorsMax - count);
    std::int64_t sent = 0;
    if (total > kSentPerTurnMax) {
      sent = -1;
    } else if (count > 0) {
      last_word_.withdraw();
      sent = socket_.send(vectors.data(), count);
      if (sent > 0) {
        const std::size_t of_out = std::min(out_.size(), static_cast<std::size_t>(sent));
        out_.consume(of_out);
        body_out_.consume(static_cast<std::size_t>(sent) - of_out);
      }
    } else if (!file_.empty()) {
      if (const Sent state = send_file(total); state != Sent::kAll) return state;
      continue;
    } else {
      write_blocked_us_ = 0;
      if (total != 0) renew_last_word();
      return Sent::kAll;
    }
    if (sent > 0) {
      total += static_cast<std::uint64_t>(sent);
      sent_bytes_ += static_cast<std::uint64_t>(sent);
      write_blocked_us_ = 0;
    } else if (sent == -1) {
      await_room();
      return Sent::kBlocked;
    } else {
      die(CutReason::kClient);
    }
  }
  return Sent::kDead;
}

/// What a crash would say, as long as nothing of the answer has left.
void Connection::renew_last_word() {
  if (head_queued_) return;
  if (received_us_ == 0) return last_word_.await_request(socket_.fd());
  last_word_.promise(socket_.fd(), method_id_ == ALICORN_METHOD_HEAD);
}

/// kAll: to be called again.
Connection::Sent Connection::send_file(std::uint64_t& total) {
  std::uint64_t sent = 0;
  const FileBody::Progress progress = file_.send(sent);
  total += sent;
  sent_bytes_ += sent;
  if (sent > 0) write_blocked_us_ = 0;
  switch (progress) {
    case FileBody::Progress::kSent:
      return Sent::kAll;
    case FileBody::Progress::kRunning:
      write_blocked_us_ = 0;  // it is not the client that is waited for
      return Sent::kBlocked;
    case FileBody::Progress::kBlocked:
      await_room();
      return Sent::kBlocked;
    case FileBody::Progress::kClientGone:
      die(CutReason::kClient);
      break;
    case FileBody::Progress::kFileFailed:
      die(CutReason::kFile);
      break;
  }
  return Sent::kDead;
}

void Connection::await_room() {
  if (write_blocked_us_ == 0) {
    write_blocked_us_ = to_us(now());
    write_waiting_ = 0;
  }
  if (!socket_.waiting_to_write()) socket_.start_wait_writable();
}

void Connection::die(CutReason reason) {
  dead_ = true;
  note_cut(reason);
}

/// The first reason is the one; others follow from it.
void Connection::note_cut(CutReason reason) {
  if (cut_reason_ == CutReason::kNone) cut_reason_ = reason;
}

/// Of a response that had begun to leave, where nothing else in the log tells of it.
void Connection::log_cut(AppCall& call) {
  const bool is_told = cut_reason_ != CutReason::kClient &&
                       cut_reason_ != CutReason::kWriteTimeout &&
                       cut_reason_ != CutReason::kWriteRate && cut_reason_ != CutReason::kFile &&
                       cut_reason_ != CutReason::kGracefulTimeout;
  if (is_told || !head_queued_ || !log::enabled(log::Level::kInfo)) return;
  if (!context_.cuts.note(static_cast<int>(cut_reason_), now_us_)) return;
  log::info("a response was cut", {{"reason", name_of(cut_reason_)},
                                   {"status", std::to_string(status_)},
                                   {"bytes_sent", std::to_string(body_bytes_sent())},
                                   {"peer", peer_.text()},
                                   {"request_id", call.facts().id()}});
}

void Connection::log_access(AppCall* call) {
  if (!context_.access_log.enabled()) return;
  const auto since = [](std::uint64_t end, std::uint64_t start) {
    return end > start ? static_cast<std::int64_t>(end - start) : std::int64_t{0};
  };
  AccessRecord record;
  record.remote_address = client_ip_.empty() ? std::string_view(peer_ip_) : client_ip_;
  record.status = status_;
  record.app_failed = status_ == 500 && is_own_answer_;
  record.bytes_received = bytes_in_;
  record.duration_us = since(now_us_, received_us_);
  record.cut = cut_reason_;
  record.body_bytes_sent = error_body_size_;
  if (call != nullptr) {
    record.request = &call->facts().request();
    record.annotations = &call->annotations_for_log();
    record.request_id = call->facts().id();
    record.scheme = as_view(call->facts().abi().scheme);
    record.queue_us = since(call->times().started_us(), received_us_);
    record.first_byte_us = since(first_byte_us_, received_us_);
    if (!is_own_answer_) {
      record.body_bytes_sent =
          cut_reason_ == CutReason::kNone ? call->body_bytes() : body_bytes_sent();
      record.response_head = response_head_log_;
    }
  } else {
    record.request_line = parser_.request_line(in_.data());
    record.scheme = "http";
  }
  context_.access_log.write(record);
  response_head_log_.clear();
  client_ip_ = {};
}

}  // namespace alicorn
