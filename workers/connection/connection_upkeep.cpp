// What a connection does because time goes by, or because its set asks for it.
#include "workers/connection/connection.hpp"

#include <string_view>
#include <utility>

namespace alicorn {

void Connection::arm(Phase phase, milliseconds limit) {
  clock_.enter(phase, limit);
  if (phase == Phase::kIdle && sends_client_away()) drain(clock_.now_us());
  if (phase == Phase::kHead && context_.leaving) clock_.set_deadline(clock_.now_us());
}

void Connection::sweep(std::uint64_t now_us) {
  const Deadlines& deadlines = context_.settings.deadlines;
  if (!clock_.is_in(Phase::kIdle) || sender_.is_blocked()) {
    reader_.look_at_rate(deadlines, reads_body(), now_us);
    if (const auto reason = sender_.find_slow_reader(deadlines, now_us)) {
      die(*reason);
      wake();
      return;
    }
  }
  const bool keeps_memory = whole_body_of_ != nullptr &&
                            context_.app.bodies().is_too_slow(whole_body_of_->body_share(), now_us);
  if (keeps_memory || clock_.is_over(now_us) ||
      (reads_body() && reader_.body_is_late(deadlines, now_us))) {
    if (clock_.spare([this] { return socket_.has_unread(); })) return;
    clock_.expire(keeps_memory ? PhaseClock::Expired::kMemory : PhaseClock::Expired::kDeadline);
    wake();
  } else if (reader_.body() == RequestReader::Body::kHeldBack) {
    wake();  // nobody reads from the client: has the client left?
  } else if (may_rest(now_us)) {
    leave_ = Leave::kToRest;
    wake();
  } else if (clock_.is_in(Phase::kApp) && !socket_.reading() && !receiver_.has_ended()) {
    wake();  // starts to watch the client, even if the call still waits for a thread
  }
}

void Connection::drain(std::uint64_t now_us) {
  if (clock_.is_in(Phase::kIdle)) clock_.shorten(now_us + to_us(context_.idle_grace));
}

void Connection::hurry(Hurry how) {
  switch (how) {
    case Hurry::kExpire:
      if (clock_.is_in(Phase::kClosing)) return;
      if (clock_.spare([this] { return socket_.has_unread(); })) {
        return clock_.set_deadline(to_us(now()));
      }
      clock_.expire(PhaseClock::Expired::kDeadline);
      break;
    case Hurry::kNoThread:
      if (!clock_.is_in(Phase::kApp)) return;
      clock_.expire(PhaseClock::Expired::kDeadline);
      break;
    case Hurry::kCut:
      die(CutReason::kGracefulTimeout);
      break;
  }
  wake();
}

/// A client of which nothing has come for a while needs no connection of its own.
bool Connection::may_rest(std::uint64_t now_us) const {
  constexpr std::uint64_t kIdleEnough = 1'000'000;
  return clock_.is_in(Phase::kIdle) && now_us >= clock_.idle_since_us() + kIdleEnough &&
         refusals_ == 0 && socket_.may_hand_over() && !clock_.is_expired() && !lost_ && !news_ &&
         !reader_.has_begun() && reader_.input().empty() && !sender_.has_something();
}

RestState Connection::rest_state() const {
  return {.idle_since_us = clock_.idle_since_us(),
          .deadline_us = clock_.deadline_us(),
          .was_served = served_before_};
}

/// Leaves the client to somebody else. False: it could not, and goes on waiting.
template <class Give>
bool Connection::part(Give give) {
  sender_.last_word().withdraw();
  if (!give()) {
    sender_.last_word().await_request(socket_.fd());
    return false;
  }
  reader_.release();
  clock_.set_no_deadline();
  return true;
}

bool Connection::rest() {
  return part([this] { return home_.rest(*this, socket_, rest_state()); });
}

void Connection::ask_to_move() {
  if (!may_move()) return;
  leave_ = Leave::kToMove;
  wake();
}

/// Nothing of the next request has been looked at, and nothing is owed to the client.
bool Connection::may_move() const {
  return refusals_ < kRefusalsMax && clock_.is_in(Phase::kIdle) && !clock_.is_expired() && !lost_ &&
         !news_ && !receiver_.has_ended() && !socket_.has_read() && !reader_.has_begun() &&
         !sender_.has_something();
}

bool Connection::move() {
  if (!may_move()) return false;
  return part([this] {
    InputBuffer& input = reader_.input();
    const std::string_view unread(input.empty() ? "" : input.data(), input.size());
    return home_.move(*this, socket_,
                      {.fd = {}, .state = rest_state(), .unread = {}, .refusals = refusals_},
                      unread);
  });
}

/// True: it has left its client to somebody else, as it was asked to.
bool Connection::leave() {
  switch (std::exchange(leave_, Leave::kNo)) {
    case Leave::kToRest:
      return rest();
    case Leave::kToMove:
      return move();
    case Leave::kNo:
      break;
  }
  return false;
}

void Connection::release_memory() {
  writer_.release_memory();
}

}  // namespace alicorn
