#include "server/arbiter/table/scaling.hpp"

#include <algorithm>
#include <optional>

namespace alicorn {
namespace {

std::uint32_t excess(std::uint32_t count, std::uint32_t limit) {
  return count > limit ? count - limit : 0;
}

}  // namespace

/// What serves, what will serve, and what goes, while the table works towards its target.
struct Scaling::Census {
  std::uint32_t good = 0;       ///< ready, of the goal's generation
  std::uint32_t coming = 0;     ///< of it: starting, or to start in the place of dead or dying ones
  std::uint32_t outgoing = 0;   ///< ready and serving, but to be replaced
  std::uint32_t staying = 0;    ///< of these, all but the recycled
  std::uint32_t spent = 0;      ///< of these, the recycled that have served their number, or nearly
  std::uint32_t stand_ins = 0;  ///< what is coming, of the generation that serves meanwhile

  std::uint32_t coming_or_here() const { return good + coming; }
  std::uint32_t serving() const { return good + outgoing; }
};

void Scaling::scale(MonotonicTime now) {
  drain_unwanted(now);
  recycling_.admit(now);
  Census census = take_census();
  shrink(census, now);
  retire_outgoing(census, now);
  stand_in(census, now);
  grow(census, now);
  note_settled();
}

/// Nobody waits any more for what a newer reload, or an abandoned one, left starting.
void Scaling::drain_unwanted(MonotonicTime now) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    const WorkerHandle& worker = roster_.at(slot);
    if (worker.phase == WorkerPhase::kStarting && !goals_.is_kept_up(worker.generation)) {
      roster_.order_leave(slot, SignalReason::kDrain, now);
    }
  }
}

Scaling::Census Scaling::take_census() const {
  Census census;
  for (const WorkerHandle& worker : roster_) {
    if (recycling_.is_outgoing(worker)) {
      ++census.outgoing;
      if (!worker.is_recycled) ++census.staying;
      if (recycling_.is_spent(worker)) ++census.spent;
    } else if (worker.phase == WorkerPhase::kReady) {
      ++census.good;
    } else if (worker.respawn_at || respawning_.holds_place(worker)) {
      const std::uint32_t generation =
          worker.respawn_at ? worker.respawn_generation : worker.generation;
      ++(generation == goals_.generation() ? census.coming : census.stand_ins);
    }
  }
  return census;
}

/// Too many of the right ones: first those that cost nothing to give up.
void Scaling::shrink(Census& census, MonotonicTime now) {
  const std::uint32_t target = goals_.target();
  census.coming -= give_up(excess(census.coming_or_here(), target), goals_.generation(), now);
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && census.coming_or_here() > target;) {
    const WorkerHandle& worker = roster_.at(slot);
    if (worker.phase != WorkerPhase::kReady || recycling_.is_outgoing(worker)) continue;
    --census.good;
    roster_.order_leave(slot, SignalReason::kDrain, now);
  }
}

/// Of those that are not ready: the kept places first, the highest slot first. Gives how many.
std::uint32_t Scaling::give_up(std::uint32_t count, std::uint32_t generation, MonotonicTime now) {
  std::uint32_t given_up = 0;
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && given_up < count;) {
    WorkerHandle& place = roster_.at(slot);
    if (!place.respawn_at || place.respawn_generation != generation) continue;
    place.respawn_at.reset();
    ++given_up;
  }
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && given_up < count;) {
    const WorkerHandle& worker = roster_.at(slot);
    if (worker.phase != WorkerPhase::kStarting || worker.generation != generation) continue;
    roster_.order_leave(slot, SignalReason::kDrain, now);
    ++given_up;
  }
  return given_up;
}

/// One goes for each replacement that is ready.
void Scaling::retire_outgoing(Census& census, MonotonicTime now) {
  while (census.serving() > goals_.target()) {
    const auto slot = recycling_.next_to_retire(now);
    if (!slot) return;
    const WorkerHandle& worker = roster_.at(*slot);
    const bool is_recycled = worker.is_recycled && goals_.is_kept_up(worker.generation);
    --census.outgoing;
    if (!worker.is_recycled) --census.staying;
    if (recycling_.is_spent(worker)) --census.spent;
    roster_.order_leave(*slot, is_recycled ? SignalReason::kRecycle : SignalReason::kDrain, now);
  }
}

/// As many as there are to be serve or are about to, whatever becomes of the reload.
void Scaling::stand_in(Census& census, MonotonicTime now) {
  if (!goals_.wants_stand_ins()) return;
  const std::uint32_t target = goals_.target(), serving = goals_.serving_generation();
  const std::uint32_t present = census.staying + census.stand_ins;
  census.stand_ins -= give_up(excess(present, target), serving, now);
  const std::uint32_t room = target + std::max<std::uint32_t>(goals_.serving_policy().max_surge, 1);
  const std::uint32_t missing =
      std::min(excess(target, present), excess(room, census.outgoing + census.stand_ins));
  census.stand_ins += start(missing, serving, now);
}

void Scaling::grow(const Census& census, MonotonicTime now) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    const WorkerHandle& place = roster_.at(slot);
    if (!place.respawn_at || now < *place.respawn_at) continue;
    roster_.order_spawn(slot, place.respawn_generation, now);
  }
  const std::uint32_t target = goals_.target();
  const std::uint32_t room = target + std::max<std::uint32_t>(goals_.policy().max_surge, 1);
  // Not what stands in for one that serves on: it may never come, and the reload may be its cure.
  // Nor those that have served their number: if their replacements came one by one, they would
  // serve it several times.
  const std::uint32_t taken = census.coming_or_here() + std::max(census.outgoing - census.spent,
                                                                 census.staying + census.stand_ins);
  start(std::min(excess(target, census.coming_or_here()), excess(room, taken)), goals_.generation(),
        now);
}

/// In free slots: fewer, if there are not as many. Gives how many.
std::uint32_t Scaling::start(std::uint32_t count, std::uint32_t generation, MonotonicTime now) {
  std::uint32_t started = 0;
  for (std::uint32_t slot = 0; slot < kWorkerSlots && started < count; ++slot) {
    if (!roster_.at(slot).is_free()) continue;
    roster_.order_spawn(slot, generation, now);
    ++started;
  }
  return started;
}

void Scaling::note_settled() {
  if (is_settled_ || !goals_.is_proven()) return;
  std::uint32_t serving = 0;  // also those that are to be recycled
  for (const WorkerHandle& worker : roster_) {
    if (!worker.is_alive()) continue;
    if (worker.generation != goals_.generation()) return;
    if (worker.phase == WorkerPhase::kReady) ++serving;
  }
  if (serving < goals_.target()) return;
  is_settled_ = true;
  roster_.order(Milestone::kSettled);
}

}  // namespace alicorn
