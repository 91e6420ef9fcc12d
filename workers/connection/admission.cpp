#include "workers/connection/admission.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {

Admission::Admission(const ConnectionContext& context, ConnectionSet& connections,
                     Siblings siblings)
    : context_(context), connections_(connections), siblings_(std::move(siblings)) {}

void Admission::begin_to_serve() {
  phase_ = Phase::kServing;
  look_at_load();
  siblings_.begin_to_serve();
}

void Admission::begin_to_leave() {
  phase_ = Phase::kLeaving;
  siblings_.begin_to_leave();
}

void Admission::look_at_load() {
  siblings_.own().swept_us.store(to_us(now()), std::memory_order_relaxed);
  if (phase_ == Phase::kServing && context_.poisoned) siblings_.begin_to_leave();
  publish();
}

bool Admission::has_room() const {
  return can_serve() && !context_.app.calls().is_full() && !connections_.is_full();
}

std::optional<Rank> Admission::rank(MonotonicTime time) {
  if (phase_ != Phase::kServing) return std::nullopt;
  if (context_.poisoned) return Rank{.index = 0, .count = 0};  // its sockets are the others'
  return siblings_.rank(time);
}

bool Admission::wants_room(const Place& place, MonotonicTime time) {
  if (!can_serve() || !connections_.is_full()) return false;
  const std::span<const AcceptLoad> siblings = siblings_.loads(place, time);
  return std::all_of(siblings.begin(), siblings.end(), [](const AcceptLoad& sibling) {
    return sibling.openness == Openness::kClosed;
  });
}

AcceptGate::Verdict Admission::judge(AcceptGate& gate, const Look& look) {
  using Occasion = AcceptGate::Occasion;
  if (phase_ == Phase::kLeaving) return AcceptGate::Verdict::kTake;
  const std::span<const AcceptLoad> siblings = siblings_.loads(look.place, look.time);
  const AppExecutor& executor = context_.app.executor();
  const std::uint32_t all_calls = calls() + look.taken;
  const AcceptLoad own{
      .openness = all_calls < executor.threads_allowed() ? Openness::kFree : Openness::kBusy,
      .connections = connections_.size()};
  Occasion occasion = look.occasion;
  if (look.taken > 0) {
    occasion = look.is_after_long_turn ? Occasion::kLongTurn : Occasion::kReturn;
  } else if (occasion == Occasion::kArrival && !executor.saturated()) {
    occasion = Occasion::kReturn;  // calls that return to the loop's own thread are not delivered
  }
  gate.note_returned(executor.returned());
  publish();
  return gate.judge(occasion, own, all_calls, siblings, look.time);
}

std::uint32_t Admission::calls() const {
  const AppExecutor& executor = context_.app.executor();
  return executor.running_elsewhere() + executor.queued();
}

milliseconds Admission::relook_delay() const {
  return context_.app.executor().saturated() ? AcceptGate::kBusyRelook : AcceptGate::kFreePatience;
}

Openness Admission::openness() const {
  if (phase_ != Phase::kServing || !has_room()) return Openness::kClosed;
  return calls() < context_.app.executor().threads_allowed() ? Openness::kFree : Openness::kBusy;
}

void Admission::publish() {
  const Openness present = openness();
  if (present == published_) return;
  published_ = present;
  siblings_.own().openness.store(present, std::memory_order_relaxed);
}

void Admission::note_load() {
  const std::uint32_t before =
      std::exchange(running_elsewhere_, context_.app.executor().running_elsewhere());
  if (running_elsewhere_ < before && published_ != Openness::kFree) {
    siblings_.own().thread_freed_us.store(to_us(now()), std::memory_order_relaxed);
  }
  publish();
}

}  // namespace alicorn
