#include "workers/net/siblings.hpp"

#include <algorithm>

namespace alicorn {
namespace {

/// Maximum age of the list of siblings. Workers come one after the other, clients come all at once.
constexpr milliseconds kListLife{10};

AcceptLoad load_of(const WorkerLoad& worker) {
  return {.openness = worker.openness.load(std::memory_order_relaxed),
          .connections = worker.connections.load(std::memory_order_relaxed),
          .thread_freed_us = worker.thread_freed_us.load(std::memory_order_relaxed)};
}

}  // namespace

bool takes_clients(const WorkerLoad& worker) {
  return worker.openness.load(std::memory_order_relaxed) != Openness::kClosed;
}

bool has_swept_lately(const WorkerLoad& worker, MonotonicTime now) {
  constexpr milliseconds kFiveSweeps{1'000};
  return worker.swept_us.load(std::memory_order_relaxed) >= to_us(now - kFiveSweeps);
}

/// Finds the workers of the same generation that serve and whose loop runs.
void Siblings::find(MonotonicTime now) {
  found_at_ = now;
  found_.clear();
  for (std::uint32_t slot = 0; slot < table_.slots(); ++slot) {
    const WorkerLoad& worker = table_.at(slot);
    if (slot == own_slot_) continue;
    if (worker.generation.load(std::memory_order_relaxed) != generation_) continue;
    if (!has_swept_lately(worker, now)) continue;
    found_.push_back(&worker);
  }
}

std::span<const AcceptLoad> Siblings::loads(const Place& place, MonotonicTime now) {
  if (now - found_at_ > kListLife) find(now);
  loads_.clear();
  const Rank own = own_rank();
  // Each has a socket of its own then.
  if (!place.is_shared() && own.count <= place.count) return loads_;
  for (std::uint32_t i = 0; i < found_.size(); ++i) {
    const Rank rank{.index = i < own.index ? i : i + 1, .count = own.count};
    if (is_place_of(place, rank)) loads_.push_back(load_of(*found_[i]));
  }
  return loads_;
}

Rank Siblings::rank(MonotonicTime now) {
  find(now);
  return own_rank();
}

/// found_ is in the order of the slots, and this worker counts whatever it says of itself.
Rank Siblings::own_rank() {
  const auto behind = std::find_if(found_.begin(), found_.end(),
                                   [this](const WorkerLoad* worker) { return worker > &own(); });
  return {.index = static_cast<std::uint32_t>(behind - found_.begin()),
          .count = static_cast<std::uint32_t>(found_.size()) + 1};
}

}  // namespace alicorn
