// What workers that have left did, and how they ended. Master.
#pragma once

#include "server/arbiter/table/worker_table.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/sizes.hpp"

#include <array>
#include <cstdint>

namespace alicorn {

struct Tally {
  /// To be called before the slot goes to another worker. Null: the worker left no board.
  void remember(const Departure& departure, const WorkerBoard* board);

  std::uint64_t departed_requests = 0;
  std::uint64_t departed_handed_over = 0;  ///< clients
  std::uint64_t departed_drops = 0;        ///< log lines
  std::uint64_t departed_access_drops = 0;
  std::uint64_t deaths = 0;
  std::array<std::uint64_t, kWorkerSlots> deaths_in_slot{};
};

}  // namespace alicorn
