#include "server/arbiter/table/recycling.hpp"

#include "server/arbiter/table/respawning.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

constexpr milliseconds kHastyLife{1'000};
constexpr std::uint32_t kUrgentPerWorker = 4;
/// A worker that would reach its number of requests later than this, and later than two starts
/// take, need not reach it.
constexpr milliseconds kNumberIsNear{1'000};

bool is_of_number(RecyclingWish wish) {
  return wish == RecyclingWish::kNearNumber || wish == RecyclingWish::kAtNumber;
}

}  // namespace

/// A worker that wants to go as soon as it is ready would keep the machine busy with starting
/// workers, so it is slowed down like one that crashes. The row is counted for the table and not
/// for a slot, because a replacement has another slot. A worker that has served its number of
/// requests has done what it was started for, however fast. A wish that becomes more urgent waits
/// no longer: a worker in which a request hangs takes no connections, and further waiting would
/// only cost the service a place.
void Recycling::note_wish(WorkerHandle& worker, RecyclingWish wish, MonotonicTime now) {
  if (is_of_number(wish) && !worker.policy.limits_requests) wish = RecyclingWish::kInPassing;
  const bool has_grown = wish > std::exchange(worker.recycling_wish, wish);
  if (has_grown && wish != RecyclingWish::kNearNumber) worker.serves_until.reset();
  if (has_grown && worker.recycle_from) worker.recycle_from = std::min(*worker.recycle_from, now);
  if (wish == RecyclingWish::kNone || worker.recycle_from) return;
  if (wish == RecyclingWish::kNearNumber) {
    worker.serves_until = now + kNumberIsNear + 2 * (worker.ready_at - worker.started);
  }
  const bool is_hasty =
      !worker.was_ready || (!is_of_number(wish) && now - worker.ready_at < kHastyLife);
  hasty_wishes_ = is_hasty ? hasty_wishes_ + 1 : 0;
  worker.recycle_from = is_hasty ? now + back_off(hasty_wishes_) : now;
}

bool Recycling::ask(std::uint32_t slot, MonotonicTime now) {
  WorkerHandle& worker = roster_.at(slot);
  const bool serves =
      worker.phase == WorkerPhase::kReady && worker.generation == goals_.generation();
  if (!serves || worker.is_recycled || !goals_.wants_workers()) return false;
  worker.recycle_from = worker.recycle_from ? std::min(*worker.recycle_from, now) : now;
  worker.serves_until.reset();
  return true;
}

/// Recycled workers may take long to finish their requests. At most as many are recycled at once as
/// there should be workers, so recycling at most doubles the number of processes; a worker that has
/// to wait goes on serving meanwhile. A worker that asks during a reload also waits, because its
/// replacement would take the turn of an old worker. A worker that takes no more connections is a
/// place that the service lacks, and it may be stuck until graceful_timeout: here, extra memory is
/// the smaller loss, but again only up to a limit.
void Recycling::admit(MonotonicTime now) {
  auto recycled = static_cast<std::uint32_t>(std::count_if(
      roster_.begin(), roster_.end(),
      [](const WorkerHandle& worker) { return worker.is_alive() && worker.is_recycled; }));
  while (WorkerHandle* const next = next_to_admit(recycled, now)) {
    next->is_recycled = true;
    ++recycled;
  }
}

/// The worker that has waited longest; null: it is nobody's turn.
WorkerHandle* Recycling::next_to_admit(std::uint32_t recycled, MonotonicTime now) {
  const bool is_reloading =
      std::any_of(roster_.begin(), roster_.end(), [&](const WorkerHandle& worker) {
        return worker.phase == WorkerPhase::kReady && worker.generation != goals_.generation();
      });
  WorkerHandle* first = nullptr;
  for (WorkerHandle& worker : roster_) {
    const bool is_due = worker.phase == WorkerPhase::kReady && !worker.is_recycled &&
                        worker.recycle_from && *worker.recycle_from <= now;
    const bool is_urgent = worker.recycling_wish == RecyclingWish::kCannotServe;
    if (!is_due || (is_reloading && !is_urgent)) continue;
    if (recycled >= goals_.target() * (is_urgent ? kUrgentPerWorker : 1)) continue;
    if (first == nullptr || *worker.recycle_from < *first->recycle_from) first = &worker;
  }
  return first;
}

bool Recycling::is_spent(const WorkerHandle& worker) const {
  return worker.is_recycled && worker.generation == goals_.generation() &&
         is_of_number(worker.recycling_wish);
}

/// A worker that takes no more connections is missed least, so it goes first. Next comes the older
/// code: if workers that are recycled over and over went before it, its turn would never come.
/// Among these, the worker that has waited longest goes first, whatever its slot.
int Recycling::reluctance_about(const WorkerHandle& worker) const {
  if (worker.recycling_wish == RecyclingWish::kCannotServe) return 0;
  if (worker.generation != goals_.serving_generation()) return 1;
  return worker.is_recycled ? 2 : 3;
}

bool Recycling::goes_before(const WorkerHandle& one, const WorkerHandle& other) const {
  const int about_one = reluctance_about(one), about_other = reluctance_about(other);
  if (about_one != about_other) return about_one < about_other;
  constexpr MonotonicTime kLast = MonotonicTime::max();
  return one.recycle_from.value_or(kLast) < other.recycle_from.value_or(kLast);
}

/// A worker that has not quite served its number of requests goes on serving.
std::optional<std::uint32_t> Recycling::next_to_retire(MonotonicTime now) const {
  std::optional<std::uint32_t> next;
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    const WorkerHandle& worker = roster_.at(slot);
    const bool serves_on = worker.generation == goals_.generation() && worker.serves_until > now;
    if (!is_outgoing(worker) || serves_on) continue;
    if (!next || goes_before(worker, roster_.at(*next))) next = slot;
  }
  return next;
}

}  // namespace alicorn
