#include "server/arbiter/fleet/fleet.hpp"

#include "base/clock.hpp"

#include <algorithm>

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

std::vector<int> Fleet::descriptors_not_for(std::uint32_t generation,
                                            const Listeners& bound) const {
  std::vector<int> descriptors;
  const Listeners& own = generations.at(generation).listeners;
  for (const auto& listener : bound) {
    if (std::find(own.begin(), own.end(), listener) != own.end()) continue;
    descriptors.push_back(listener->fd.get());
  }
  for (const std::uint32_t number : generations.numbers()) {
    const Generation& other = generations.at(number);
    const bool is_taken = number == generation && generation != table.goal_generation();
    if (!is_taken) descriptors.push_back(other.error_log.get());
    if (number != generation) descriptors.push_back(other.access_log.get());
  }
  return descriptors;
}

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
