#include "server/arbiter/table/worker_table.hpp"

#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <signal.h>

namespace alicorn {
namespace {

constexpr milliseconds kAbortGrace{2'000};  // for a core to be written
constexpr milliseconds kLongestWait{60'000};
constexpr milliseconds kPunctual{100};           // after a later wake-up the readings are stale
constexpr milliseconds kSecondChanceMin{1'000};  // five sweeps of a worker's loop
constexpr milliseconds kSecondChanceMax{15'000};

bool beats(const WorkerHandle& worker) {
  return worker.was_ready &&
         (worker.phase == WorkerPhase::kReady || worker.phase == WorkerPhase::kDraining);
}

}  // namespace

SlotSet WorkerTable::slots_needed() const {
  constexpr std::uint32_t kMore = 2;
  SlotSet needed;
  std::uint32_t more = 0;
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    const bool is_free = roster_.at(slot).is_free();
    if (!is_free || more < kMore) needed.set(slot);
    more += is_free ? 1U : 0U;
  }
  return needed;
}

void WorkerTable::reload(std::uint32_t generation, const WorkerPolicy& policy) {
  goals_.reload(generation, policy);
  respawning_.begin_anew();
  recycling_.begin_anew();
  scaling_.unsettle();
}

bool WorkerTable::unpark() {
  if (goals_.is_parked()) scaling_.unsettle();
  return goals_.unpark();
}

std::vector<Order> WorkerTable::decide(const ScoreboardReading& reading, MonotonicTime now) {
  forgive_clock_jump(now);
  observe(reading, now);
  enforce_deadlines(now);
  if (goals_.stop_mode() != StopMode::kNone) {
    if (!std::exchange(stop_was_announced_, true)) roster_.order(Milestone::kStopping);
    empty(SignalReason::kStop, now);
  } else if (goals_.is_parked()) {
    empty(SignalReason::kDrain, now);
  } else {
    scaling_.scale(now);
  }
  planned_wake_ = next_event(now);
  return roster_.take_orders();
}

/// If the master could not run (a suspension, a machine short of CPU), the workers could not
/// either. That time is not held against them, and no worker is found stuck before it has had as
/// much time again.
void WorkerTable::forgive_clock_jump(MonotonicTime now) {
  if (!planned_wake_ || now <= *planned_wake_ + kPunctual) return;
  const auto late = std::chrono::ceil<milliseconds>(now - *planned_wake_);
  verdicts_from_ = now + std::clamp(late, kSecondChanceMin, kSecondChanceMax);
  for (WorkerHandle& worker : roster_) {
    if (worker.deadline) *worker.deadline += late;
  }
}

void WorkerTable::observe(const ScoreboardReading& reading, MonotonicTime now) {
  const auto slots =
      static_cast<std::uint32_t>(std::min<std::size_t>(reading.size(), kWorkerSlots));
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    WorkerHandle& worker = roster_.at(slot);
    const SlotReading& seen = reading[slot];
    worker.heartbeat = std::max(worker.started, seen.heartbeat);
    worker.told = seen.state;
    const bool leaves = seen.state == WorkerState::kDraining || seen.state == WorkerState::kEnding;
    const bool is_up = seen.state == WorkerState::kReady || leaves;
    if (worker.phase == WorkerPhase::kStarting && is_up) note_ready(worker, now);
    recycling_.note_wish(worker, seen.recycling_wish, now);
    if (worker.phase == WorkerPhase::kReady && leaves) {
      respawning_.note_own_leave(worker, now);
    }
  }
}

void WorkerTable::note_ready(WorkerHandle& worker, MonotonicTime now) {
  worker.phase = WorkerPhase::kReady;
  worker.was_ready = true;
  worker.ready_at = now;
  worker.deadline.reset();
  if (worker.generation != goals_.generation() || goals_.is_proven()) return;
  roster_.order(goals_.serving_generation() == 0 ? Milestone::kServing
                                                 : Milestone::kGenerationServes);
  goals_.note_proof();
  respawning_.forget_unwanted_places();
}

void WorkerTable::enforce_deadlines(MonotonicTime now) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    WorkerHandle& worker = roster_.at(slot);
    if (!worker.is_alive()) continue;
    const milliseconds timeout = worker.policy.heartbeat_timeout;
    const bool is_stuck = beats(worker) && timeout > milliseconds{0} && now >= verdict_on(worker);
    const bool is_late = worker.deadline && now >= *worker.deadline;
    if (is_stuck || (is_late && worker.phase == WorkerPhase::kStarting)) {
      const bool is_ending = worker.told == WorkerState::kEnding;
      roster_.order_signal(slot, SIGABRT,
                           !is_stuck   ? SignalReason::kBootTimeout
                           : is_ending ? SignalReason::kNoReturn
                                       : SignalReason::kNoHeartbeat);
      worker.phase = WorkerPhase::kAborting;
      worker.deadline = now + kAbortGrace;
    } else if (worker.phase == WorkerPhase::kKilled) {
      if (is_late) worker.deadline.reset();
      if (!worker.deadline && respawning_.may_leave_behind(worker)) {
        roster_.order(LeaveBehind{worker.pid});
      }
    } else if (is_late) {
      const bool was_aborted = worker.phase == WorkerPhase::kAborting;
      roster_.order_signal(slot, SIGKILL,
                           was_aborted ? SignalReason::kNoEndByAbort : SignalReason::kStillThere);
      worker.phase = WorkerPhase::kKilled;
      worker.deadline = now + kTimeAfterKill;
    }
  }
}

void WorkerTable::empty(SignalReason reason, MonotonicTime now) {
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    roster_.at(slot).respawn_at.reset();
    roster_.order_leave(slot, reason, now);
  }
}

std::optional<Departure> WorkerTable::on_exit(const ExitReport& report, MonotonicTime now) {
  const auto slot = roster_.slot_of(report.pid);
  if (!slot) return std::nullopt;
  return respawning_.bury(*slot, report, now, true);
}

/// The time at which a worker counts as stuck if it does not beat before.
MonotonicTime WorkerTable::verdict_on(const WorkerHandle& worker) const {
  return std::max(worker.heartbeat + worker.policy.heartbeat_timeout, verdicts_from_);
}

MonotonicTime WorkerTable::next_event(MonotonicTime now) const {
  MonotonicTime next = now + kLongestWait;
  for (const WorkerHandle& worker : roster_) {
    if (worker.respawn_at) next = std::min(next, *worker.respawn_at);
    // An event that is already due waits for a worker to end, not for the clock.
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
  // Rounded up: a wake-up just before the event would find that nothing is due yet.
  return std::chrono::ceil<milliseconds>(next_event(now) - now);
}

milliseconds WorkerTable::time_to_leave(MonotonicTime now) const {
  milliseconds longest = goals_.serving_policy().graceful_timeout;
  for (const WorkerHandle& worker : roster_) {
    if (!worker.is_alive()) continue;
    milliseconds left = worker.policy.graceful_timeout;
    if (worker.told_to_leave) {
      left = std::chrono::ceil<milliseconds>(worker.deadline.value_or(now) - now) - kLeaveSlack;
    }
    longest = std::max(longest, left);
  }
  return longest;
}

}  // namespace alicorn
