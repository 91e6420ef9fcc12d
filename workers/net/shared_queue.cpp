#include "workers/net/shared_queue.hpp"

#include "workers/net/siblings.hpp"

#include <limits>

namespace alicorn {

void SharedQueue::publish_wait(std::uint64_t since_us) {
  if (since_us == published_wait_us_) return;
  published_wait_us_ = since_us;
  own().waits_since_us.store(since_us, std::memory_order_relaxed);
}

void SharedQueue::sweep() {
  FreeThreads& threads = own().free_threads;
  const std::uint32_t claims = threads.claims();
  const bool is_stuck = threads.has_claims() && claims_at_sweep_ == claims;
  if (is_stuck) threads.forget_claims();
  claims_at_sweep_ = claims;
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

std::optional<std::uint32_t> SharedQueue::find_longest_wait(
    std::uint64_t own_since_us, MonotonicTime now, std::optional<std::uint32_t> in_vain) const {
  if (leaves_) return std::nullopt;
  const std::uint64_t now_us = to_us(now);
  const std::uint64_t own_wait =
      own_since_us != 0 && own_since_us < now_us ? now_us - own_since_us : 0;
  std::optional<std::uint32_t> best;
  std::uint64_t longest = own_wait + own_wait / 2;
  for (std::uint32_t slot = 0; slot < slots_; ++slot) {
    const std::uint64_t since = table_.at(slot).waits_since_us.load(std::memory_order_relaxed);
    if (since == 0 || since >= now_us || now_us - since <= longest) continue;
    const WorkerLoad& worker = table_.at(slot);
    const bool answers = worker.reads_mail.load(std::memory_order_relaxed) != 0 &&
                         worker.generation.load(std::memory_order_relaxed) <= generation_;
    if (slot == own_slot_ || slot == in_vain || !answers || !has_swept_lately(worker, now))
      continue;
    best = slot;
    longest = now_us - since;
  }
  return best;
}

}  // namespace alicorn
