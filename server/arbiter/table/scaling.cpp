#include "server/arbiter/table/scaling.hpp"

#include <algorithm>
#include <optional>

namespace alicorn {
namespace {

std::uint32_t excess(std::uint32_t count, std::uint32_t limit) {
  return count > limit ? count - limit : 0;
}

}  // namespace

/// The workers that serve, will serve or leave, while the table works towards its target.
struct Scaling::Census {
  std::uint32_t good = 0;    ///< ready, of the goal's generation
  std::uint32_t coming = 0;  ///< of that generation: starting, or to replace dead or dying workers
  std::uint32_t outgoing = 0;   ///< ready and serving, but to be replaced
  std::uint32_t staying = 0;    ///< outgoing, without the recycled workers
  std::uint32_t spent = 0;      ///< outgoing and recycled; at or near their number of requests
  std::uint32_t stand_ins = 0;  ///< coming, but of the generation that serves meanwhile

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

/// Drains workers that a newer or an abandoned reload left starting: nobody waits for them now.
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

/// There are too many workers of the right generation. Those that cost nothing go first.
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

/// Takes workers that are not ready: first the kept places, from the highest slot down. Gives how
/// many.
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

/// One outgoing worker leaves for each replacement that is ready.
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

/// Keeps the wanted number of workers serving or about to serve, whatever becomes of the reload.
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
  // A stand-in for a worker that goes on serving does not count: it may never become ready, and the
  // reload may be the cure. Nor do workers that have served their number of requests: if their
  // replacements came one by one, they would serve that number several times.
  const std::uint32_t taken = census.coming_or_here() + std::max(census.outgoing - census.spent,
                                                                 census.staying + census.stand_ins);
  start(std::min(excess(target, census.coming_or_here()), excess(room, taken)), goals_.generation(),
        now);
}

/// Starts workers in free slots; fewer than `count` if there are not enough. Gives how many.
std::uint32_t Scaling::start(std::uint32_t count, std::uint32_t generation, MonotonicTime now) {
  std::uint32_t started = 0;
  for (; started < count; ++started) {
    const auto slot = roster_.free_slot();
    if (!slot) break;
    roster_.order_spawn(*slot, generation, now);
  }
  return started;
}

void Scaling::note_settled() {
  if (is_settled_ || !goals_.is_proven()) return;
  std::uint32_t serving = 0;  // includes those that will be recycled
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
