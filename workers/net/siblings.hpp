// The workers that accept from the same listeners as this one, according to the load table. Worker,
// I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/net/accept_gate.hpp"
#include "workers/net/place.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace alicorn {

bool takes_clients(const WorkerLoad& worker);
/// A worker whose loop stands still takes no clients, whatever its slot says.
bool has_swept_lately(const WorkerLoad& worker, MonotonicTime now);

class Siblings {
 public:
  Siblings(LoadTable& table, std::uint32_t own_slot, std::uint32_t generation)
      : table_(table), own_slot_(own_slot), generation_(generation) {}

  /// What siblings see of this worker. It serves from begin_to_serve() on.
  WorkerLoad& own() { return table_.at(own_slot_); }
  void begin_to_serve() { own().generation.store(generation_, std::memory_order_relaxed); }
  void begin_to_leave() { own().generation.store(0, std::memory_order_relaxed); }

  /// The current loads of the siblings that accept from the same socket. Valid until the next call.
  std::span<const AcceptLoad> loads(const Place& place, MonotonicTime now);
  /// This worker among those that serve, however busy or full they are.
  Rank rank(MonotonicTime now);

 private:
  void find(MonotonicTime now);
  Rank own_rank();

  LoadTable& table_;
  const std::uint32_t own_slot_, generation_;
  MonotonicTime found_at_{};
  std::vector<const WorkerLoad*> found_;
  std::vector<AcceptLoad> loads_;
};

}  // namespace alicorn
