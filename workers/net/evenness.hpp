// Decides which sibling gets some of this worker's idle connections, so that all have about as
// many: keep-alive clients stay where they were accepted, and a worker that came later would have
// none. Slowly, because a connection that is idle costs little wherever it is. Without acting,
// according to the load table. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/net/shared_queue.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

/// Some connections for the worker of this slot.
struct Gift {
  std::uint32_t slot;
  std::uint64_t connections;
};

/// To be asked with each sweep. Nothing: this worker does not have a quarter more connections than
/// the sibling that has the fewest, or only a handful more.
inline std::optional<Gift> find_gift(const LoadTable& table, const SharedQueue& queue,
                                     std::uint32_t own_slot, MonotonicTime now) {
  constexpr std::uint64_t kHandful = 8;
  constexpr std::uint64_t kShare = 16;  // of what there is too much
  const std::uint64_t own = table.at(own_slot).connections.load(std::memory_order_relaxed);
  std::optional<std::uint32_t> poorest;
  std::uint64_t fewest = own;
  for (std::uint32_t slot = 0; slot < queue.slots(); ++slot) {
    const std::uint64_t connections = table.at(slot).connections.load(std::memory_order_relaxed);
    if (connections >= fewest || !queue.may_give_to(slot, now)) continue;
    poorest = slot;
    fewest = connections;
  }
  if (!poorest || own - fewest <= kHandful || own <= fewest + fewest / 4) return std::nullopt;
  const std::uint64_t excess = (own - fewest) / 2;
  return Gift{.slot = *poorest, .connections = 1 + excess / kShare};
}

}  // namespace alicorn
