#include "server/arbiter/fleet/fleet.hpp"

#include "base/clock.hpp"

namespace alicorn {

WorkerPolicy policy_of(const Config& config) {
  return {.workers = config.workers,
          .limits_requests = config.worker.requests_max != 0,
          .max_surge = config.max_surge,
          .boot_timeout = config.boot_timeout,
          .heartbeat_timeout = config.worker.deadlines.silence,
          .graceful_timeout = config.worker.deadlines.graceful};
}

Fleet::Fleet(const Config& config) : table(Generations::kFirst, policy_of(config)) {}

ScoreboardReading Fleet::read_scoreboard() const {
  const MonotonicTime present = now();
  ScoreboardReading reading(table.slots_in_use());
  for (std::uint32_t slot = 0; slot < reading.size(); ++slot) {
    const WorkerBoard* const board = scoreboard.find(slot);
    if (board == nullptr) continue;
    const WorkerSlot& worker = board->worker();
    reading[slot] = {.state = worker.state.load(std::memory_order_acquire),
                     .heartbeat = worker.last_beat(present),
                     .recycling_wish = worker.wish()};
  }
  return reading;
}

}  // namespace alicorn
