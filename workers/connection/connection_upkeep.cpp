// What a connection does because time goes by, or because its set asks for it.
#include "workers/app/try_allocating.hpp"
#include "workers/connection/connection.hpp"

#include <string_view>
#include <utility>

namespace alicorn {

void Connection::arm(Phase phase, milliseconds limit) {
  clock_.enter(phase, limit);
  if (phase == Phase::kIdle && mobility_.sends_client_away()) drain(clock_.now_us());
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
  } else if (is_quiet() && mobility_.may_rest(now_us)) {
    mobility_.ask_to_leave(Mobility::Leave::kToRest);
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

/// Leaves the client to somebody else. False: it could not, and goes on waiting.
template <class Give>
bool Connection::part(Give give) {
  sender_.last_word().withdraw();
  if (!give()) {
    renew_last_word();
    return false;
  }
  reader_.release();
  clock_.set_no_deadline();
  return true;
}

bool Connection::rest() {
  return part([this] { return home_.rest(*this, socket_, mobility_.state()); });
}

void Connection::ask_to_move() {
  if (mobility_.sends_client_away()) return drain(context_.loop.time_us());
  if (!is_quiet() || !mobility_.may_move()) return;
  mobility_.ask_to_leave(Mobility::Leave::kToMove);
  wake();
}

bool Connection::move() {
  if (!is_quiet() || !mobility_.may_move()) return false;
  return part([this] {
    MovingClient client;
    return try_allocating([&] { client = mobility_.client(); }) &&
           home_.move(*this, socket_, std::move(client));
  });
}

/// The same with the request of the call, which waits for a thread.
bool Connection::move_with(AppCall& call) {
  mobility_.take_wish();
  if (lost_ || !mobility_.may_move_with(call)) return false;
  return part([&] {
    MovingClient client;
    if (!try_allocating([&] { client = mobility_.client_with(call); }) ||
        !home_.move(*this, socket_, std::move(client))) {
      return false;
    }
    call.withdraw();
    return true;
  });
}

/// True: it has left its client to somebody else, as it was asked to.
bool Connection::leave() {
  switch (mobility_.take_wish()) {
    case Mobility::Leave::kToRest:
      return rest();
    case Mobility::Leave::kToMove:
      return move();
    case Mobility::Leave::kWithRequest:
    case Mobility::Leave::kNo:
      break;
  }
  return false;
}

void Connection::release_memory() {
  writer_.release_memory();
}

}  // namespace alicorn
