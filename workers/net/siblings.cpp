#include "workers/net/siblings.hpp"

namespace alicorn {
namespace {

/// Five sweeps. A worker whose loop stands still takes no clients, whatever its slot says.
constexpr milliseconds kStillThere{1'000};
/// Maximum age of the list of siblings. Workers come one after the other, clients come all at once.
constexpr milliseconds kListLife{10};

bool takes_clients(const WorkerLoad& worker) {
  return worker.openness.load(std::memory_order_relaxed) != Openness::kClosed;
}

AcceptLoad load_of(const WorkerLoad& worker) {
  return {.openness = worker.openness.load(std::memory_order_relaxed),
          .connections = worker.connections.load(std::memory_order_relaxed),
          .thread_freed_us = worker.thread_freed_us.load(std::memory_order_relaxed)};
}

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

std::span<const AcceptLoad> Siblings::loads(const Place& place, MonotonicTime now) {
  if (now - found_at_ > kListLife) find(now);
  loads_.clear();
  if (place.is_shared()) {
    for (const WorkerLoad* worker : found_) loads_.push_back(load_of(*worker));
    return loads_;
  }
  const std::uint32_t count = rank_of(nullptr).count;
  for (const WorkerLoad* worker : found_) {
    const Rank rank{.index = rank_of(worker).index, .count = count};
    if (takes_clients(*worker) && is_place_of(place, rank)) loads_.push_back(load_of(*worker));
  }
  return loads_;
}

std::optional<Rank> Siblings::rank(MonotonicTime now) {
  if (now - found_at_ > kListLife) find(now);
  const Rank rank = rank_of(takes_clients(own()) ? &own() : nullptr);
  return rank.count == 0 ? std::nullopt : std::optional(rank);
}

/// Among all that take clients. Null: behind the last of them.
Rank Siblings::rank_of(const WorkerLoad* worker) {
  Rank rank{.index = 0, .count = 0};
  const auto count = [&](const WorkerLoad& other) {
    if (!takes_clients(other)) return;
    ++rank.count;
    if (worker == nullptr || &other < worker) ++rank.index;
  };
  count(own());
  for (const WorkerLoad* other : found_) count(*other);
  return rank;
}

}  // namespace alicorn
