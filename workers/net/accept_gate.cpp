#include "workers/net/accept_gate.hpp"

#include <algorithm>

namespace alicorn {

AcceptGate::Verdict AcceptGate::judge(Occasion occasion, const AcceptLoad& own, std::uint32_t calls,
                                      std::span<const AcceptLoad> siblings, MonotonicTime now) {
  const bool is_busy = own.openness != Openness::kFree;
  const bool is_its_turn = !is_busy || occasion != Occasion::kArrival;
  if (siblings.empty()) return is_its_turn ? Verdict::kTake : Verdict::kLeave;
  const Patience left = patience(is_busy, now);
  const bool has_rival = std::any_of(siblings.begin(), siblings.end(), [&](AcceptLoad sibling) {
    if (occasion == Occasion::kLongTurn)
      sibling.openness = std::min(sibling.openness, own.openness);
    return is_rival(sibling, own, left);
  });
  if (is_its_turn && !has_rival) return Verdict::kTake;
  if (left == Patience::kNone) {
    left_.reset();  // the next client may have a better place
    return Verdict::kTake;
  }
  if (!left_) left_ = Left{.since = now};
  // The round is measured when a client is first left while all threads are busy.
  if (is_busy && left_->round == 0) left_->round = std::max(calls, 1U);
  return Verdict::kLeave;
}

void AcceptGate::note_returned(std::uint64_t total) {
  if (left_) left_->returns += total - returned_;
  returned_ = total;
}

void AcceptGate::note_nobody_waits() {
  left_.reset();
}

AcceptGate::Patience AcceptGate::patience(bool is_busy, MonotonicTime now) const {
  if (!left_) return Patience::kWhole;
  if (!is_busy) {
    return now - left_->since < kFreePatience ? Patience::kWhole : Patience::kNone;
  }
  // The first return belongs to a call that was already under way.
  if (left_->round == 0 || left_->returns <= left_->round) return Patience::kWhole;
  return left_->returns <= 2 * left_->round ? Patience::kActiveOnly : Patience::kNone;
}

bool AcceptGate::is_rival(const AcceptLoad& sibling, const AcceptLoad& own,
                          Patience patience) const {
  if (sibling.openness == Openness::kClosed || sibling.openness < own.openness) return false;
  // The sibling has made no use of a round's time: its threads are in long calls.
  if (patience == Patience::kActiveOnly && sibling.thread_freed_us < to_us(left_->since)) {
    return false;
  }
  return sibling.openness > own.openness || sibling.connections < own.connections;
}

}  // namespace alicorn
