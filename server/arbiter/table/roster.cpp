#include "server/arbiter/table/roster.hpp"

#include <algorithm>
#include <functional>

#include <signal.h>

namespace alicorn {

std::uint32_t Roster::alive() const {
  return static_cast<std::uint32_t>(
      std::count_if(workers_.begin(), workers_.end(), std::mem_fn(&WorkerHandle::is_alive)));
}

std::uint32_t Roster::slots_in_use() const {
  std::uint32_t slots = kWorkerSlots;
  while (slots > 0 && workers_[slots - 1].phase == WorkerPhase::kReaped) --slots;
  return slots;
}

bool Roster::has_workers_of(std::uint32_t generation) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const WorkerHandle& worker) {
    return worker.is_alive() && worker.generation == generation;
  });
}

bool Roster::has_ready_workers() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const WorkerHandle& worker) {
    return worker.phase == WorkerPhase::kReady;
  });
}

std::optional<std::uint32_t> Roster::slot_of(pid_t pid) const {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    const WorkerHandle& worker = workers_[slot];
    if (worker.phase != WorkerPhase::kReaped && worker.pid == pid) return slot;
  }
  return std::nullopt;
}

WorkerHandle* Roster::free_place() {
  const auto slot = free_slot();
  return slot ? &workers_[*slot] : nullptr;
}

std::optional<std::uint32_t> Roster::free_slot() const {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    if (own_[slot] && workers_[slot].is_free()) return slot;
  }
  return std::nullopt;
}

void Roster::order_spawn(std::uint32_t slot, std::uint32_t generation, MonotonicTime now) {
  WorkerHandle fresh;
  fresh.phase = WorkerPhase::kStarting;
  fresh.generation = generation;
  fresh.policy = goals_.policy_of(generation);
  fresh.started = fresh.heartbeat = now;
  const milliseconds boot_timeout = fresh.policy.boot_timeout;
  if (boot_timeout > milliseconds{0}) fresh.deadline = now + boot_timeout;
  fresh.deaths = workers_[slot].deaths;
  workers_[slot] = fresh;
  order(Spawn{slot, generation});
}

void Roster::order_leave(std::uint32_t slot, SignalReason reason, MonotonicTime now) {
  WorkerHandle& worker = workers_[slot];
  const bool is_quick = goals_.stop_mode() == StopMode::kQuick;
  const bool may_leave = worker.phase == WorkerPhase::kStarting ||
                         worker.phase == WorkerPhase::kReady ||
                         worker.phase == WorkerPhase::kDraining;
  const bool was_told = is_quick ? worker.told_to_hurry : worker.told_to_leave;
  if (!may_leave || was_told) return;
  worker.phase = WorkerPhase::kDraining;
  worker.told_to_leave = true;
  worker.told_to_hurry = is_quick;
  const MonotonicTime end =
      now + (is_quick ? kQuickGrace : worker.policy.graceful_timeout + kLeaveSlack);
  worker.deadline = std::min(worker.deadline.value_or(end), end);
  order_signal(slot, is_quick ? SIGQUIT : SIGTERM, reason);
}

void Roster::order_signal(std::uint32_t slot, int number, SignalReason reason) {
  order(Signal{slot, workers_[slot].pid, number, reason});
}

}  // namespace alicorn
