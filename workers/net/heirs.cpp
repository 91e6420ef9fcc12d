#include "workers/net/heirs.hpp"

#include "workers/net/siblings.hpp"

namespace alicorn {

std::optional<std::uint32_t> Heirs::find(MonotonicTime now,
                                         std::span<const std::uint32_t> coming) const {
  std::optional<std::uint32_t> best;
  std::uint32_t newest = generation_;
  std::uint64_t fewest = 0;
  for (std::uint32_t slot = 0; slot < coming.size(); ++slot) {
    const WorkerLoad& worker = table_.at(slot);
    const std::uint32_t generation = worker.generation.load(std::memory_order_relaxed);
    if (slot == own_slot_ || generation < newest) continue;
    if (!takes_clients(worker) || !has_swept_lately(worker, now)) continue;
    if (worker.reads_mail.load(std::memory_order_relaxed) == 0) continue;
    if (coming[slot] >= kComingMax) continue;
    const std::uint64_t connections =
        worker.connections.load(std::memory_order_relaxed) + coming[slot];
    if (best && generation == newest && connections >= fewest) continue;
    best = slot;
    newest = generation;
    fewest = connections;
  }
  return best;
}

}  // namespace alicorn
