// Finds the worker that takes over clients of a worker that leaves, according to the load table.
// Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/load_table.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace alicorn {

class Heirs {
 public:
  Heirs(const LoadTable& table, std::uint32_t own_slot, std::uint32_t generation)
      : table_(table), own_slot_(own_slot), generation_(generation) {}

  /// The worker with the fewest connections among those that take clients, of the newest generation
  /// that is not older than this worker's. `coming`: how many are on their way to each slot that
  /// has a mailbox, which gets no more than kComingMax at once.
  std::optional<std::uint32_t> find(MonotonicTime now, std::span<const std::uint32_t> coming) const;
  static constexpr std::uint32_t kComingMax = 32;

 private:
  const LoadTable& table_;
  const std::uint32_t own_slot_, generation_;
};

}  // namespace alicorn
