// The workers as the master keeps them: what each generation was started with, what is decided
// about its workers, and what each of them shares with the master. Master.
#pragma once

#include "server/arbiter/fleet/generations.hpp"
#include "server/arbiter/fleet/scoreboard.hpp"
#include "server/arbiter/fleet/tally.hpp"
#include "server/arbiter/table/worker_table.hpp"
#include "server/config/config.hpp"

#include <cstdint>
#include <vector>

namespace alicorn {

struct Fleet {
  /// The first generation is on its way; its configuration is added when its listeners are open.
  explicit Fleet(const Config& config);

  Generations generations;
  WorkerTable table;
  Scoreboard scoreboard;
  Tally tally;

  /// The generation that the table works towards has its listeners.
  bool is_open() const { return generations.contains(table.goal_generation()); }
  /// That generation; only once it is open.
  const Generation& goal() const { return generations.at(table.goal_generation()); }
  /// Descriptors that belong to other generations: those of `bound` listeners that this generation
  /// does not use, and log files. The goal's error log is the master's own.
  std::vector<int> descriptors_not_for(std::uint32_t generation, const Listeners& bound) const;
  /// What the workers have written, for the table's next decision.
  ScoreboardReading read_scoreboard() const;
};

/// The part of a configuration that the table needs.
WorkerPolicy policy_of(const Config& config);

}  // namespace alicorn
