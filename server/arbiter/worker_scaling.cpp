// WorkerTable: how many workers of which generation there should be, and the next step towards
// that.
#include "server/arbiter/worker_table.hpp"

#include <algorithm>

namespace alicorn {
namespace {

constexpr milliseconds kHastyLife{1'000};
constexpr std::uint32_t kUrgentPerWorker = 4;

}  // namespace

/// What serves, what will serve, and what goes, while the table works towards its target.
struct WorkerTable::Census {
  std::uint32_t good = 0;      ///< ready, of the goal's generation
  std::uint32_t incoming = 0;  ///< starting, of the goal's generation
  std::uint32_t kept = 0;      ///< places of dead or dying workers, waiting for their successors
  std::uint32_t outgoing = 0;  ///< ready and serving, but to be replaced

  std::uint32_t coming_or_here() const { return good + incoming + kept; }
  std::uint32_t serving() const { return good + outgoing; }
};

void WorkerTable::scale(MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    const WorkerHandle& worker = workers_[slot];
    // Nobody waits any more for what a newer reload, or an abandoned one, left starting.
    if (worker.phase == WorkerPhase::kStarting && worker.generation != goal_generation_) {
      order_leave(slot, SignalReason::kDrain, now, orders);
    }
  }
  admit_to_recycling(now);
  Census census = take_census();
  shrink(census, now, orders);
  retire_outgoing(census, now, orders);
  grow(census, now, orders);
}

/// One that wants to go as soon as it is ready would keep the machine busy with starting workers:
/// it is slowed down like one that crashes. The row is the table's and not a slot's, because a
/// replacement has another slot. In one that has asked in passing and waits, a request may come to
/// hang: then it takes no connections, and waiting on would only cost the service a place.
void WorkerTable::note_wish(WorkerHandle& worker, RecyclingWish wish, MonotonicTime now) {
  const bool is_worse =
      wish == RecyclingWish::kCannotServe && worker.recycling_wish == RecyclingWish::kInPassing;
  worker.recycling_wish = wish;
  if (is_worse && worker.recycle_from) worker.recycle_from = std::min(*worker.recycle_from, now);
  if (wish == RecyclingWish::kNone || worker.recycle_from) return;
  const bool is_hasty = !worker.was_ready || now - worker.ready_at < kHastyLife;
  hasty_wishes_ = is_hasty ? hasty_wishes_ + 1 : 0;
  worker.recycle_from = is_hasty ? now + back_off(hasty_wishes_) : now;
}

bool WorkerTable::recycle(std::uint32_t slot, MonotonicTime now) {
  WorkerHandle& worker = workers_[slot];
  const bool serves = worker.phase == WorkerPhase::kReady && worker.generation == goal_generation_;
  if (!serves || worker.is_recycled || stop_mode_ != StopMode::kNone || parked_) return false;
  worker.recycle_from = worker.recycle_from ? std::min(*worker.recycle_from, now) : now;
  return true;
}

/// Recycled workers may take long to finish their requests. As many of them as there are to be
/// workers, so that recycling at most doubles the processes: one that has to wait serves on
/// meanwhile. One that takes no more connections is a place that the service lacks, and may be
/// stuck until graceful_timeout: for it, memory is the smaller loss, up to a limit too.
void WorkerTable::admit_to_recycling(MonotonicTime now) {
  auto recycled = static_cast<std::uint32_t>(
      std::count_if(workers_.begin(), workers_.end(), [](const auto& worker) {
        return worker.phase != WorkerPhase::kReaped && worker.is_recycled;
      }));
  while (true) {
    WorkerHandle* first = nullptr;
    for (WorkerHandle& worker : workers_) {
      const bool is_due = worker.phase == WorkerPhase::kReady && !worker.is_recycled &&
                          worker.recycle_from && *worker.recycle_from <= now;
      const bool is_urgent = worker.recycling_wish == RecyclingWish::kCannotServe;
      if (!is_due || recycled >= target_ * (is_urgent ? kUrgentPerWorker : 1)) continue;
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
    } else if (worker.phase == WorkerPhase::kReady) {
      ++census.good;
    } else if (worker.phase == WorkerPhase::kStarting) {
      ++census.incoming;
    } else if (worker.respawn_at || holds_place(worker)) {
      ++census.kept;
    }
  }
  return census;
}

bool WorkerTable::is_outgoing(const WorkerHandle& worker) const {
  return worker.phase == WorkerPhase::kReady &&
         (worker.generation != goal_generation_ || worker.is_recycled);
}

/// Too many of the right ones: first those that cost nothing to give up, the highest slot first.
void WorkerTable::shrink(Census& census, MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && census.coming_or_here() > target_;) {
    if (!workers_[slot].respawn_at) continue;
    workers_[slot].respawn_at.reset();
    --census.kept;
  }
  for (const WorkerPhase phase : {WorkerPhase::kStarting, WorkerPhase::kReady}) {
    for (std::uint32_t slot = kWorkerSlots; slot-- > 0 && census.coming_or_here() > target_;) {
      const WorkerHandle& worker = workers_[slot];
      if (worker.phase != phase || is_outgoing(worker)) continue;
      --(phase == WorkerPhase::kStarting ? census.incoming : census.good);
      order_leave(slot, SignalReason::kDrain, now, orders);
    }
  }
}

/// One goes for each replacement that is ready.
void WorkerTable::retire_outgoing(Census& census, MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots && census.serving() > target_; ++slot) {
    const WorkerHandle& worker = workers_[slot];
    if (!is_outgoing(worker)) continue;
    --census.outgoing;
    const bool is_recycled = worker.generation == goal_generation_;
    order_leave(slot, is_recycled ? SignalReason::kRecycle : SignalReason::kDrain, now, orders);
  }
}

void WorkerTable::grow(Census& census, MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    WorkerHandle& worker = workers_[slot];
    if (!worker.respawn_at || now < *worker.respawn_at) continue;
    --census.kept;
    ++census.incoming;
    order_spawn(slot, now, orders);
  }
  const std::uint32_t room = target_ + std::max<std::uint32_t>(goal_policy_.max_surge, 1);
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    if (census.coming_or_here() >= target_) return;
    if (census.coming_or_here() + census.outgoing >= room) return;
    if (workers_[slot].phase != WorkerPhase::kReaped || workers_[slot].respawn_at) continue;
    ++census.incoming;
    order_spawn(slot, now, orders);
  }
}

void WorkerTable::note_settled(std::vector<Order>& orders) {
  if (settled_ || goal_generation_ != serving_generation_) return;
  if (take_census().good < target_) return;
  const bool has_old_ones = std::any_of(workers_.begin(), workers_.end(), [&](const auto& worker) {
    return worker.phase != WorkerPhase::kReaped && worker.generation != goal_generation_;
  });
  if (has_old_ones) return;
  settled_ = true;
  orders.emplace_back(Milestone::kSettled);
}

}  // namespace alicorn
