#include "workers/connection/mobility.hpp"

#include "workers/connection/hand_over_message.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace alicorn {
namespace {

/// What has come in chunks, which are decoded by now, goes on in one.
void append_body(std::string& bytes, AppCall& call) {
  const std::string_view body = call.movable_body().value_or("");
  if (call.facts().request().content_length >= 0) {
    bytes.append(body);
    return;
  }
  if (!body.empty()) fmt::format_to(std::back_inserter(bytes), "{:x}\r\n{}\r\n", body.size(), body);
  bytes.append("0\r\n\r\n");
}

}  // namespace

/// The times come from another worker, so they may be anything.
void Mobility::begin_moved(const MovingClient& client, std::uint64_t now_us) {
  begin(client.state);
  refusals_ = client.refusals;
  may_have_copy_ = true;
  if (client.request.came_us == 0) return;
  request_ = client.request;
  request_.came_us = std::min(request_.came_us, now_us);
  request_.received_us = std::clamp(request_.received_us, std::uint64_t{1}, request_.came_us);
  request_.ready_us = std::clamp(request_.ready_us, request_.came_us, now_us);
}

bool Mobility::may_rest(std::uint64_t now_us) const {
  constexpr std::uint64_t kIdleEnough = 1'000'000;
  const PhaseClock& clock = parts_.clock;
  return clock.is_in(PhaseClock::Phase::kIdle) && now_us >= clock.idle_since_us() + kIdleEnough &&
         refusals_ == 0 && parts_.socket.may_hand_over() && !clock.is_expired() &&
         !parts_.reader.has_begun() && parts_.reader.input().empty() &&
         !parts_.sender.has_something();
}

bool Mobility::may_move() const {
  const PhaseClock& clock = parts_.clock;
  return refusals_ < kRefusalsMax && !has_waited() && clock.is_in(PhaseClock::Phase::kIdle) &&
         !clock.is_expired() && !parts_.receiver.has_ended() && !parts_.socket.has_read() &&
         !parts_.reader.has_begun() && !parts_.sender.has_something();
}

std::string_view Mobility::input() const {
  InputBuffer& input = parts_.reader.input();
  return {input.empty() ? "" : input.data(), input.size()};
}

MovingClient Mobility::client() const {
  return {.fd = {},
          .state = state(),
          .request = {},
          .unread = std::string(input()),
          .refusals = refusals_};
}

bool Mobility::may_move_with(AppCall& call) const {
  const PhaseClock& clock = parts_.clock;
  return clock.is_in(PhaseClock::Phase::kApp) && !clock.is_expired() && !parts_.socket.has_read() &&
         !parts_.sender.has_something() && could_move_with(call);
}

/// Where no thread will become free, a request is not left because it has moved before.
bool Mobility::could_move_with(AppCall& call) const {
  const bool has_moves_left = request_.moves < kMovesMax || parts_.context.every_thread_hangs();
  return refusals_ < kRefusalsMax && has_moves_left && !parts_.receiver.has_ended() &&
         may_take_along(call);
}

bool Mobility::may_take_along(AppCall& call) const {
  const RequestView& facts = call.facts();
  // The client has been told to go on with its body, and is not to be told again.
  if (facts.request().expects_continue && !parts_.reader.body_is_whole()) return false;
  const auto body = call.movable_body();
  constexpr std::size_t kFraming = 32;  // of one chunk and the last one
  return body && facts.received_head().size() + body->size() + kFraming + parts_.reader.unread() <=
                     HandOverMessage::kUnreadMax;
}

MovingClient Mobility::client_with(AppCall& call) const {
  const RequestReader& reader = parts_.reader;
  const std::string_view all = input();
  std::string unread(call.facts().received_head());
  append_body(unread, call);
  unread.append(all.substr(all.size() - reader.unread()));
  return {.fd = {},
          .state = state(),
          .request = {.received_us = reader.received_us(),
                      .came_us = call.facts().abi().received_us,
                      .ready_us = call.waits_since_us(),
                      .moves = request_.moves + 1},
          .unread = std::move(unread),
          .refusals = refusals_};
}

}  // namespace alicorn
