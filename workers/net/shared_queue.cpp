#include "workers/net/shared_queue.hpp"

#include "workers/net/siblings.hpp"

#include <algorithm>
#include <limits>

namespace alicorn {

void SharedQueue::publish_wait(std::uint64_t since_us) {
  if (since_us == published_wait_us_) return;
  published_wait_us_ = since_us;
  own().waits_since_us.store(since_us, std::memory_order_relaxed);
}

void SharedQueue::note_arrival() {
  FreeThreads& threads = own().free_threads;
  threads.note_arrival();
  fewest_claims_ = std::min(fewest_claims_, threads.open_claims());
}

void SharedQueue::sweep() {
  FreeThreads& threads = own().free_threads;
  threads.forget_claims(std::min(fewest_claims_, threads.open_claims()));
  fewest_claims_ = threads.open_claims();
}

bool SharedQueue::may_give_to(std::uint32_t slot, MonotonicTime now) const {
  if (slot == own_slot_ || slot >= slots_) return false;
  const WorkerLoad& worker = table_.at(slot);
  const std::uint32_t generation = worker.generation.load(std::memory_order_relaxed);
  if (generation != generation_ && !(leaves_ && generation > generation_)) return false;
  return worker.reads_mail.load(std::memory_order_relaxed) != 0 && takes_clients(worker) &&
         has_swept_lately(worker, now);
}

std::optional<std::uint32_t> SharedQueue::claim_thread(MonotonicTime now) {
  constexpr int kTries = 3;  // a sibling may be faster
  for (int tries = 0; tries < kTries; ++tries) {
    std::optional<std::uint32_t> best;
    std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
      const WorkerLoad& worker = table_.at(slot);
      if (!worker.free_threads.has_unclaimed() || !may_give_to(slot, now)) continue;
      const std::uint64_t connections = worker.connections.load(std::memory_order_relaxed);
      if (connections >= fewest) continue;
      best = slot;
      fewest = connections;
    }
    if (!best || table_.at(*best).free_threads.claim()) return best;
  }
  return std::nullopt;
}

/// The other side of may_give_to(): a worker of this generation, or one that leaves and is
/// replaced. It answers even if it has nothing.
bool SharedQueue::would_give(std::uint32_t slot, MonotonicTime now) const {
  const WorkerLoad& worker = table_.at(slot);
  const std::uint32_t generation = worker.generation.load(std::memory_order_relaxed);
  const bool leaves = generation == 0;  // Siblings::begin_to_leave()
  return slot != own_slot_ && (generation == generation_ || leaves) &&
         worker.reads_mail.load(std::memory_order_relaxed) != 0 && has_swept_lately(worker, now);
}

std::optional<std::uint32_t> SharedQueue::find_longest_wait(
    std::uint64_t own_since_us, MonotonicTime now, const std::vector<bool>& had_nothing) const {
  const WorkerLoad& own = table_.at(own_slot_);
  // Nobody gives to a worker that leaves, or is full.
  const bool serves = own.generation.load(std::memory_order_relaxed) == generation_;
  if (leaves_ || !serves || !takes_clients(own)) return std::nullopt;
  const std::uint64_t now_us = to_us(now);
  const std::uint64_t own_wait =
      own_since_us != 0 && own_since_us < now_us ? now_us - own_since_us : 0;
  std::optional<std::uint32_t> best;
  std::uint64_t longest = own_wait + own_wait / 4;
  for (std::uint32_t slot = 0; slot < slots_; ++slot) {
    const std::uint64_t since = table_.at(slot).waits_since_us.load(std::memory_order_relaxed);
    if (since == 0 || since >= now_us || now_us - since <= longest) continue;
    const bool had_none = slot < had_nothing.size() && had_nothing[slot];
    if (had_none || !would_give(slot, now)) continue;
    best = slot;
    longest = now_us - since;
  }
  return best;
}

}  // namespace alicorn
