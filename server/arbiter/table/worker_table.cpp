#include "server/arbiter/table/worker_table.hpp"

#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <signal.h>

namespace alicorn {
namespace {

constexpr milliseconds kAbortGrace{2'000};  // for a core to be written
// The worker answers what is left with 503, for a second, and leaves half a second later.
constexpr milliseconds kGracefulSlack{3'000};
constexpr milliseconds kQuickGrace{5'000};
constexpr milliseconds kRespawnDelayMin{50};
constexpr milliseconds kRespawnDelayMax{10'000};
constexpr milliseconds kHealthyLife{10'000};  // a worker that lived so long was no failure
constexpr milliseconds kLongestWait{60'000};
constexpr milliseconds kPunctual{100};  // a wake-up that is later finds facts that are no facts
constexpr milliseconds kSecondChanceMin{1'000};  // five sweeps of a worker's loop
constexpr milliseconds kSecondChanceMax{15'000};

bool beats(const WorkerHandle& worker) {
  return worker.was_ready &&
         (worker.phase == WorkerPhase::kReady || worker.phase == WorkerPhase::kDraining);
}

}  // namespace

milliseconds WorkerTable::back_off(std::uint32_t failures) {
  milliseconds delay = kRespawnDelayMin;
  while (--failures > 0 && delay < kRespawnDelayMax) delay *= 2;
  return std::min(delay, kRespawnDelayMax);
}

WorkerTable::WorkerTable(std::uint32_t generation, const WorkerPolicy& policy)
    : target_(std::clamp<std::uint32_t>(policy.workers, 1, kWorkersMax)),
      goal_generation_(generation),
      goal_policy_(policy),
      serving_policy_(policy) {}

void WorkerTable::resize(int change) {
  const auto wanted = std::int64_t{target_} + change;
  target_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 1, kWorkersMax));
}

void WorkerTable::reload(std::uint32_t generation, const WorkerPolicy& policy) {
  const bool is_second = goal_generation_ != serving_generation_;
  serving_stands_down_ = parked_ || (is_second && serving_stands_down_);
  goal_generation_ = generation;
  goal_policy_ = policy;
  boot_crashes_ = 0;
  hasty_wishes_ = 0;
  parked_ = false;
  settled_ = false;
  forget_unwanted_places();
  // A reload is what an operator does about a failure: the new workers start with a clean record.
  for (WorkerHandle& worker : workers_) worker.deaths = 0;
}

void WorkerTable::stop(StopMode mode) {
  stop_mode_ = std::max(stop_mode_, mode);
}

void WorkerTable::terminate(MonotonicTime now) {
  if (!terminated_at_) terminated_at_ = now;
  stop(now - *terminated_at_ < kSecondThought ? StopMode::kGraceful : StopMode::kQuick);
}

void WorkerTable::park() {
  parked_ = true;
}

bool WorkerTable::unpark() {
  settled_ = settled_ && !parked_;
  return std::exchange(parked_, false);
}

std::vector<Order> WorkerTable::decide(const ScoreboardReading& reading, MonotonicTime now) {
  std::vector<Order> orders;
  forgive_clock_jump(now);
  observe(reading, now, orders);
  enforce_deadlines(now, orders);
  if (stop_mode_ != StopMode::kNone) {
    if (!std::exchange(stop_was_announced_, true)) orders.emplace_back(Milestone::kStopping);
    empty(SignalReason::kStop, now, orders);
  } else if (parked_) {
    empty(SignalReason::kDrain, now, orders);
  } else {
    scale(now, orders);
    note_settled(orders);
  }
  planned_wake_ = next_event(now);
  return orders;
}

/// Where the master could not run (a suspension, a machine that is short of CPU), the workers could
/// not either: that time is not held against them, and nobody is found stuck before having had as
/// much again.
void WorkerTable::forgive_clock_jump(MonotonicTime now) {
  if (!planned_wake_ || now <= *planned_wake_ + kPunctual) return;
  const auto late = std::chrono::ceil<milliseconds>(now - *planned_wake_);
  verdicts_from_ = now + std::clamp(late, kSecondChanceMin, kSecondChanceMax);
  for (WorkerHandle& worker : workers_) {
    if (worker.deadline) *worker.deadline += late;
  }
}

void WorkerTable::observe(const ScoreboardReading& reading, MonotonicTime now,
                          std::vector<Order>& orders) {
  const auto slots = std::min<std::size_t>(reading.size(), workers_.size());
  for (std::size_t slot = 0; slot < slots; ++slot) {
    WorkerHandle& worker = workers_[slot];
    const SlotReading& seen = reading[slot];
    worker.heartbeat = std::max(worker.started, seen.heartbeat);
    const bool is_up = seen.state == WorkerState::kReady || seen.state == WorkerState::kDraining;
    if (worker.phase == WorkerPhase::kStarting && is_up) note_ready(worker, now, orders);
    note_wish(worker, seen.recycling_wish, now);
    if (worker.phase == WorkerPhase::kReady && seen.state == WorkerState::kDraining) {
      note_own_leave(worker, now);
    }
  }
}

/// An operator told it to: its successor need not wait for its end. Or its app did: one that keeps
/// doing so is slowed down like one that crashes, in whatever slots its successors are.
void WorkerTable::note_own_leave(WorkerHandle& worker, MonotonicTime now) {
  worker.phase = WorkerPhase::kDraining;
  worker.told_to_leave = true;
  worker.deadline = now + worker.policy.graceful_timeout + kGracefulSlack;
  const bool is_missed = stop_mode_ == StopMode::kNone && !parked_ && is_kept_up(worker.generation);
  if (!is_missed || now - worker.started >= kHealthyLife) return;
  const auto place =
      std::find_if(workers_.begin(), workers_.end(), std::mem_fn(&WorkerHandle::is_free));
  if (place == workers_.end()) return;
  place->deaths = std::exchange(worker.deaths, 0) + 1;
  place->respawn_at = now + back_off(place->deaths);
  place->respawn_generation = worker.generation;
}

void WorkerTable::note_ready(WorkerHandle& worker, MonotonicTime now, std::vector<Order>& orders) {
  worker.phase = WorkerPhase::kReady;
  worker.was_ready = true;
  worker.ready_at = now;
  worker.deadline.reset();
  if (worker.generation != goal_generation_ || goal_generation_ == serving_generation_) return;
  orders.emplace_back(serving_generation_ == 0 ? Milestone::kServing
                                               : Milestone::kGenerationServes);
  // TTIN and TTOU outlast a reload, unless the operator wrote another number. Before anything has
  // served, serving_policy_ is what the server was started with.
  if (goal_policy_.workers != serving_policy_.workers) {
    target_ = std::clamp<std::uint32_t>(goal_policy_.workers, 1, kWorkersMax);
  }
  serving_generation_ = goal_generation_;
  serving_policy_ = goal_policy_;
  forget_unwanted_places();
}

void WorkerTable::enforce_deadlines(MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    WorkerHandle& worker = workers_[slot];
    if (!worker.is_alive()) continue;
    const milliseconds timeout = worker.policy.heartbeat_timeout;
    const bool is_stuck = beats(worker) && timeout > milliseconds{0} && now >= verdict_on(worker);
    const bool is_late = worker.deadline && now >= *worker.deadline;
    if (is_stuck || (is_late && worker.phase == WorkerPhase::kStarting)) {
      order_signal(slot, SIGABRT,
                   is_stuck ? SignalReason::kNoHeartbeat : SignalReason::kBootTimeout, orders);
      worker.phase = WorkerPhase::kAborting;
      worker.deadline = now + kAbortGrace;
    } else if (worker.phase == WorkerPhase::kKilled) {
      if (is_late) worker.deadline.reset();
      if (!worker.deadline && may_leave_behind(worker)) {
        orders.emplace_back(LeaveBehind{worker.pid});
      }
    } else if (is_late) {
      order_signal(slot, SIGKILL, SignalReason::kStillThere, orders);
      worker.phase = WorkerPhase::kKilled;
      worker.deadline = now + kTimeAfterKill;
    }
  }
}

void WorkerTable::empty(SignalReason reason, MonotonicTime now, std::vector<Order>& orders) {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    workers_[slot].respawn_at.reset();
    order_leave(slot, reason, now, orders);
  }
}

void WorkerTable::order_spawn(std::uint32_t slot, std::uint32_t generation, MonotonicTime now,
                              std::vector<Order>& orders) {
  WorkerHandle fresh;
  fresh.phase = WorkerPhase::kStarting;
  fresh.generation = generation;
  fresh.policy = generation == goal_generation_ ? goal_policy_ : serving_policy_;
  fresh.started = fresh.heartbeat = now;
  const milliseconds boot_timeout = fresh.policy.boot_timeout;
  if (boot_timeout > milliseconds{0}) fresh.deadline = now + boot_timeout;
  fresh.deaths = workers_[slot].deaths;
  workers_[slot] = fresh;
  orders.emplace_back(Spawn{slot, generation});
}

/// TERM, or QUIT if the server is stopping quickly; each once. Neither gives time beyond what the
/// worker had: one that hangs while it boots has no request to finish.
void WorkerTable::order_leave(std::uint32_t slot, SignalReason reason, MonotonicTime now,
                              std::vector<Order>& orders) {
  WorkerHandle& worker = workers_[slot];
  const bool is_quick = stop_mode_ == StopMode::kQuick;
  const bool may_leave = worker.phase == WorkerPhase::kStarting ||
                         worker.phase == WorkerPhase::kReady ||
                         worker.phase == WorkerPhase::kDraining;
  const bool was_told = is_quick ? worker.told_to_hurry : worker.told_to_leave;
  if (!may_leave || was_told) return;
  worker.phase = WorkerPhase::kDraining;
  worker.told_to_leave = true;
  worker.told_to_hurry = is_quick;
  const MonotonicTime end =
      now + (is_quick ? kQuickGrace : worker.policy.graceful_timeout + kGracefulSlack);
  worker.deadline = std::min(worker.deadline.value_or(end), end);
  order_signal(slot, is_quick ? SIGQUIT : SIGTERM, reason, orders);
}

void WorkerTable::order_signal(std::uint32_t slot, int number, SignalReason reason,
                               std::vector<Order>& orders) {
  orders.emplace_back(Signal{slot, workers_[slot].pid, number, reason});
}

void WorkerTable::on_spawned(std::uint32_t slot, pid_t pid) {
  workers_[slot].pid = pid;
}

/// When a worker that does not beat meanwhile is stuck.
MonotonicTime WorkerTable::verdict_on(const WorkerHandle& worker) const {
  return std::max(worker.heartbeat + worker.policy.heartbeat_timeout, verdicts_from_);
}

MonotonicTime WorkerTable::next_event(MonotonicTime now) const {
  MonotonicTime next = now + kLongestWait;
  for (const WorkerHandle& worker : workers_) {
    if (worker.respawn_at) next = std::min(next, *worker.respawn_at);
    // What is due already waits for an end, not for the clock.
    if (worker.recycle_from > now) next = std::min(next, *worker.recycle_from);
    if (worker.serves_until > now) next = std::min(next, *worker.serves_until);
    if (worker.deadline) next = std::min(next, *worker.deadline);
    const milliseconds timeout = worker.policy.heartbeat_timeout;
    if (beats(worker) && timeout > milliseconds{0}) {
      next = std::min(next, verdict_on(worker));
    }
  }
  return std::max(next, now);
}

milliseconds WorkerTable::time_to_next_event(MonotonicTime now) const {
  if (!planned_wake_) return milliseconds{0};  // nothing was decided yet
  // Rounded up: a wake-up just before the event would only find that it is not yet time.
  return std::chrono::ceil<milliseconds>(next_event(now) - now);
}

milliseconds WorkerTable::time_to_leave(MonotonicTime now) const {
  milliseconds longest = serving_policy_.graceful_timeout;
  for (const WorkerHandle& worker : workers_) {
    if (!worker.is_alive()) continue;
    milliseconds left = worker.policy.graceful_timeout;
    if (worker.told_to_leave) {
      left = std::chrono::ceil<milliseconds>(worker.deadline.value_or(now) - now) - kGracefulSlack;
    }
    longest = std::max(longest, left);
  }
  return longest;
}

bool WorkerTable::all_left() const {
  return std::none_of(workers_.begin(), workers_.end(), std::mem_fn(&WorkerHandle::is_alive));
}

std::uint32_t WorkerTable::alive() const {
  return static_cast<std::uint32_t>(
      std::count_if(workers_.begin(), workers_.end(), std::mem_fn(&WorkerHandle::is_alive)));
}

std::uint32_t WorkerTable::slots_in_use() const {
  std::uint32_t slots = kWorkerSlots;
  while (slots > 0 && workers_[slots - 1].phase == WorkerPhase::kReaped) --slots;
  return slots;
}

bool WorkerTable::has_workers_of(std::uint32_t generation) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const WorkerHandle& worker) {
    return worker.is_alive() && worker.generation == generation;
  });
}

bool WorkerTable::has_ready_workers() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const WorkerHandle& worker) {
    return worker.phase == WorkerPhase::kReady;
  });
}

}  // namespace alicorn
