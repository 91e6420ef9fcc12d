// WorkerTable: how many workers of which generation there should be, and the next step towards
// that.
#include "server/arbiter/table/worker_table.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

constexpr milliseconds kHastyLife{1'000};
constexpr std::uint32_t kUrgentPerWorker = 4;
/// A worker that comes to its number later than this, and than two starts, need not come to it.
constexpr milliseconds kNumberIsNear{1'000};

bool is_of_number(RecyclingWish wish) {
  return wish == RecyclingWish::kNearNumber || wish == RecyclingWish::kAtNumber;
}

std::uint32_t excess(std::uint32_t count, std::uint32_t limit) {
  return count > limit ? count - limit : 0;
}

}  // namespace

/// What serves, what will serve, and what goes, while the table works towards its target.
struct WorkerTable::Census {
  std::uint32_t good = 0;       ///< ready, of the goal's generation
  std::uint32_t coming = 0;     ///< of it: starting, or to start in the place of dead or dying ones
  std::uint32_t outgoing = 0;   ///< ready and serving, but to be replaced
  std::uint32_t staying = 0;    ///< of these, all but the recycled
  std::uint32_t spent = 0;      ///< of these, the recycled that have served their number, or nearly
  std::uint32_t stand_ins = 0;  ///< what is coming, of the generation that serves meanwhile

  std::uint32_t coming_or_here() const { return good + coming; }
  std::uint32_t serving() const { return good + outgoing; }
};

/// The goal's generation has to prove itself yet: until then the service rests on the one before,
/// which is known to be good.
bool WorkerTable::wants_stand_ins() const {
  return serving_generation_ != 0 && serving_generation_ != goal_generation_ &&
         !serving_stands_down_;
}

/// Workers of this generation are replaced by their like.
bool WorkerTable::is_kept_up(std::uint32_t generation) const {
  return generation == goal_generation_ || (generation == serving_generation_ && wants_stand_ins());
}

void WorkerTable::scale(MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    const WorkerHandle& worker = workers_[slot];
    // Nobody waits any more for what a newer reload, or an abandoned one, left starting.
    if (worker.phase == WorkerPhase::kStarting && !is_kept_up(worker.generation)) {
      order_leave(slot, SignalReason::kDrain, now, orders);
    }
  }
  admit_to_recycling(now);
  Census census = take_census();
  shrink(census, now, orders);
  retire_outgoing(census, now, orders);
  stand_in(census, now, orders);
  grow(census, now, orders);
}

/// One that wants to go as soon as it is ready would keep the machine busy with starting workers:
/// it is slowed down like one that crashes. The row is the table's and not a slot's, because a
/// replacement has another slot. One that has served its number has done what it was started for,
/// however fast. A wish that grows waits no longer: a worker in which a request hangs takes no
/// connections, and waiting on would only cost the service a place.
void WorkerTable::note_wish(WorkerHandle& worker, RecyclingWish wish, MonotonicTime now) {
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

bool WorkerTable::recycle(std::uint32_t slot, MonotonicTime now) {
  WorkerHandle& worker = workers_[slot];
  const bool serves = worker.phase == WorkerPhase::kReady && worker.generation == goal_generation_;
  if (!serves || worker.is_recycled || stop_mode_ != StopMode::kNone || parked_) return false;
  worker.recycle_from = worker.recycle_from ? std::min(*worker.recycle_from, now) : now;
  worker.serves_until.reset();
  return true;
}

/// Recycled workers may take long to finish their requests. As many of them as there are to be
/// workers, so that recycling at most doubles the processes: one that has to wait serves on
/// meanwhile. So does one that asks while a reload is under way: its replacements would take the
/// turns of the old workers. One that takes no more connections is a place that the service lacks,
/// and may be stuck until graceful_timeout: for it, memory is the smaller loss, up to a limit too.
void WorkerTable::admit_to_recycling(MonotonicTime now) {
  auto recycled = static_cast<std::uint32_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [](const auto& worker) { return worker.is_alive() && worker.is_recycled; }));
  const bool is_reloading =
      std::any_of(workers_.begin(), workers_.end(), [&](const WorkerHandle& worker) {
        return worker.phase == WorkerPhase::kReady && worker.generation != goal_generation_;
      });
  while (true) {
    WorkerHandle* first = nullptr;
    for (WorkerHandle& worker : workers_) {
      const bool is_due = worker.phase == WorkerPhase::kReady && !worker.is_recycled &&
                          worker.recycle_from && *worker.recycle_from <= now;
      const bool is_urgent = worker.recycling_wish == RecyclingWish::kCannotServe;
      if (!is_due || (is_reloading && !is_urgent)) continue;
      if (recycled >= target_ * (is_urgent ? kUrgentPerWorker : 1)) continue;
      if (first == nullptr || *worker.recycle_from < *first->recycle_from) first = &worker;
    }
    if (first == nullptr) return;
    first->is_recycled = true;
    ++recycled;
  }
}

WorkerTable::Census WorkerTable::take_census() const {
  Census census;
  for (const WorkerHandle& worker : workers_) {
    if (is_outgoing(worker)) {
      ++census.outgoing;
      if (!worker.is_recycled) ++census.staying;
      if (is_spent(worker)) ++census.spent;
    } else if (worker.phase == WorkerPhase::kReady) {
      ++census.good;
    } else if (worker.respawn_at || holds_place(worker)) {
      const std::uint32_t generation =
          worker.respawn_at ? worker.respawn_generation : worker.generation;
      ++(generation == goal_generation_ ? census.coming : census.stand_ins);
    }
  }
  return census;
}

bool WorkerTable::is_outgoing(const WorkerHandle& worker) const {
  return worker.phase == WorkerPhase::kReady &&
         (worker.generation != goal_generation_ || worker.is_recycled);
}

bool WorkerTable::is_spent(const WorkerHandle& worker) const {
  return worker.is_recycled && worker.generation == goal_generation_ &&
         is_of_number(worker.recycling_wish);
}

/// Too many of the right ones: first those that cost nothing to give up.
void WorkerTable::shrink(Census& census, MonotonicTime now, std::vector<Order>& orders) {
  census.coming -= give_up(excess(census.coming_or_here(), target_), goal_generation_, now, orders);
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && census.coming_or_here() > target_;) {
    const WorkerHandle& worker = workers_[slot];
    if (worker.phase != WorkerPhase::kReady || is_outgoing(worker)) continue;
    --census.good;
    order_leave(slot, SignalReason::kDrain, now, orders);
  }
}

/// Of those that are not ready: the kept places first, the highest slot first. Gives how many.
std::uint32_t WorkerTable::give_up(std::uint32_t count, std::uint32_t generation, MonotonicTime now,
                                   std::vector<Order>& orders) {
  std::uint32_t given_up = 0;
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && given_up < count;) {
    WorkerHandle& place = workers_[slot];
    if (!place.respawn_at || place.respawn_generation != generation) continue;
    place.respawn_at.reset();
    ++given_up;
  }
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && given_up < count;) {
    const WorkerHandle& worker = workers_[slot];
    if (worker.phase != WorkerPhase::kStarting || worker.generation != generation) continue;
    order_leave(slot, SignalReason::kDrain, now, orders);
    ++given_up;
  }
  return given_up;
}

/// One goes for each replacement that is ready.
void WorkerTable::retire_outgoing(Census& census, MonotonicTime now, std::vector<Order>& orders) {
  while (census.serving() > target_) {
    const auto slot = next_to_retire(now);
    if (!slot) return;
    const WorkerHandle& worker = workers_[*slot];
    const bool is_recycled = worker.is_recycled && is_kept_up(worker.generation);
    --census.outgoing;
    if (!worker.is_recycled) --census.staying;
    if (is_spent(worker)) --census.spent;
    order_leave(*slot, is_recycled ? SignalReason::kRecycle : SignalReason::kDrain, now, orders);
  }
}

/// A worker that takes no more connections is missed least. Then comes the older code, whose turn
/// would never come if those that are recycled over and over went before it; and of these the one
/// that has waited longest, whatever its slot. One that has not quite served its number serves on.
std::optional<std::uint32_t> WorkerTable::next_to_retire(MonotonicTime now) const {
  const auto reluctance = [&](const WorkerHandle& worker) {
    if (worker.recycling_wish == RecyclingWish::kCannotServe) return 0;
    if (worker.generation != serving_generation_) return 1;
    return worker.is_recycled ? 2 : 3;
  };
  const auto goes_before = [&](const WorkerHandle& one, const WorkerHandle& other) {
    if (reluctance(one) != reluctance(other)) return reluctance(one) < reluctance(other);
    constexpr MonotonicTime kLast = MonotonicTime::max();
    return one.recycle_from.value_or(kLast) < other.recycle_from.value_or(kLast);
  };
  std::optional<std::uint32_t> next;
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    const WorkerHandle& worker = workers_[slot];
    const bool serves_on = worker.generation == goal_generation_ && worker.serves_until > now;
    if (!is_outgoing(worker) || serves_on) continue;
    if (!next || goes_before(worker, workers_[*next])) next = slot;
  }
  return next;
}

/// As many as there are to be serve or are about to, whatever becomes of the reload.
void WorkerTable::stand_in(Census& census, MonotonicTime now, std::vector<Order>& orders) {
  if (!wants_stand_ins()) return;
  const std::uint32_t present = census.staying + census.stand_ins;
  census.stand_ins -= give_up(excess(present, target_), serving_generation_, now, orders);
  const std::uint32_t room = target_ + std::max<std::uint32_t>(serving_policy_.max_surge, 1);
  const std::uint32_t missing =
      std::min(excess(target_, present), excess(room, census.outgoing + census.stand_ins));
  census.stand_ins += start(missing, serving_generation_, now, orders);
}

void WorkerTable::grow(const Census& census, MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    const WorkerHandle& place = workers_[slot];
    if (!place.respawn_at || now < *place.respawn_at) continue;
    order_spawn(slot, place.respawn_generation, now, orders);
  }
  const std::uint32_t room = target_ + std::max<std::uint32_t>(goal_policy_.max_surge, 1);
  // Not what stands in for one that serves on: it may never come, and the reload may be its cure.
  // Nor those that have served their number: if their replacements came one by one, they would
  // serve it several times.
  const std::uint32_t taken = census.coming_or_here() + std::max(census.outgoing - census.spent,
                                                                 census.staying + census.stand_ins);
  start(std::min(excess(target_, census.coming_or_here()), excess(room, taken)), goal_generation_,
        now, orders);
}

/// In free slots: fewer, if there are not as many. Gives how many.
std::uint32_t WorkerTable::start(std::uint32_t count, std::uint32_t generation, MonotonicTime now,
                                 std::vector<Order>& orders) {
  std::uint32_t started = 0;
  for (std::uint32_t slot = 0; slot < kWorkerSlots && started < count; ++slot) {
    if (workers_[slot].phase != WorkerPhase::kReaped || workers_[slot].respawn_at) continue;
    order_spawn(slot, generation, now, orders);
    ++started;
  }
  return started;
}

void WorkerTable::note_settled(std::vector<Order>& orders) {
  if (settled_ || goal_generation_ != serving_generation_) return;
  std::uint32_t serving = 0;  // also those that are to be recycled
  for (const WorkerHandle& worker : workers_) {
    if (worker.phase == WorkerPhase::kReaped || worker.phase == WorkerPhase::kLeftBehind) continue;
    if (worker.generation != goal_generation_) return;
    if (worker.phase == WorkerPhase::kReady) ++serving;
  }
  if (serving < target_) return;
  settled_ = true;
  orders.emplace_back(Milestone::kSettled);
}

}  // namespace alicorn
