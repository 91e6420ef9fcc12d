#include "server/arbiter/fleet/tally.hpp"

#include "base/log.hpp"

namespace alicorn {

void Tally::remember(const Departure& departure, const WorkerBoard* board) {
  if (departure.kind != Departure::Kind::kLeft) {
    ++deaths;
    ++deaths_in_slot[departure.slot];
  }
  if (board == nullptr) return;
  const WorkerSlot& worker = board->worker();
  departed_requests += worker.requests.load(std::memory_order_relaxed);
  departed_handed_over += worker.handed_over.load(std::memory_order_relaxed);
  departed_drops += worker.log_lines_dropped.load(std::memory_order_relaxed);
  departed_access_drops += worker.access_lines_dropped.load(std::memory_order_relaxed);
  log::inherit_losses({.to_file = worker.losses_untold.load(std::memory_order_relaxed),
                       .to_syslog = worker.syslog_losses_untold.load(std::memory_order_relaxed)});
}

}  // namespace alicorn
