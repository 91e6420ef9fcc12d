#include "workers/net/siblings.hpp"

namespace alicorn {
namespace {

/// Five sweeps. A worker whose loop stands still takes no clients, whatever its slot says.
constexpr milliseconds kStillThere{1'000};
/// Maximum age of the list of siblings. Workers come one after the other, clients come all at once.
constexpr milliseconds kListLife{10};

}  // namespace

/// Finds the workers of the same generation that serve and whose loop runs.
void Siblings::find(MonotonicTime now) {
  found_at_ = now;
  found_.clear();
  const std::uint64_t swept_after = to_us(now - kStillThere);
  for (std::uint32_t slot = 0; slot < table_.slots(); ++slot) {
    const WorkerLoad& worker = table_.at(slot);
    if (slot == own_slot_) continue;
    if (worker.generation.load(std::memory_order_relaxed) != generation_) continue;
    if (worker.swept_us.load(std::memory_order_relaxed) < swept_after) continue;
    found_.push_back(&worker);
  }
}

std::span<const AcceptLoad> Siblings::loads(MonotonicTime now) {
  if (now - found_at_ > kListLife) find(now);
  loads_.clear();
  for (const WorkerLoad* worker : found_) {
    loads_.push_back({.openness = worker->openness.load(std::memory_order_relaxed),
                      .connections = worker->connections.load(std::memory_order_relaxed),
                      .thread_freed_us = worker->thread_freed_us.load(std::memory_order_relaxed)});
  }
  return loads_;
}

}  // namespace alicorn
