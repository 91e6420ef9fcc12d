#include "workers/siblings.hpp"

namespace alicorn {
namespace {

/// Five sweeps: a worker whose loop stands still takes no clients, whatever stands in its slot.
constexpr milliseconds kStillThere{1'000};
/// How old the list of those that there are may be. Workers come one after the other, clients at
/// once.
constexpr milliseconds kListLife{10};

}  // namespace

/// Those of the same generation that serve and whose loop turns.
void Siblings::find(MonotonicTime now) {
  found_at_ = now;
  slots_.clear();
  for (std::uint32_t slot = 0; slot < scoreboard_.worker_slots(); ++slot) {
    const WorkerSlot& worker = scoreboard_.worker(slot);
    const std::uint32_t generation = worker.generation.load(std::memory_order_relaxed);
    if (generation == 0) break;  // slots are used in their order: what follows never was
    if (slot == own_slot_ || generation != generation_) continue;
    if (worker.state.load(std::memory_order_relaxed) != WorkerState::kReady) continue;
    if (now - worker.last_beat(now) > kStillThere) continue;
    slots_.push_back(&worker);
  }
}

std::span<const AcceptLoad> Siblings::loads(MonotonicTime now) {
  if (now - found_at_ > kListLife) find(now);
  loads_.clear();
  for (const WorkerSlot* worker : slots_) {
    loads_.push_back({.openness = worker->openness.load(std::memory_order_relaxed),
                      .connections = worker->connections.load(std::memory_order_relaxed),
                      .thread_freed_us = worker->thread_freed_us.load(std::memory_order_relaxed)});
  }
  return loads_;
}

}  // namespace alicorn
