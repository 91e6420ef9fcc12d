// What the master wants to be told, and to tell, about a worker's error log. Worker, I/O thread.
#pragma once

#include "base/log.hpp"
#include "workers/scoreboard.hpp"

#include <atomic>
#include <cstdint>

namespace alicorn {

class LogReins {
 public:
  explicit LogReins(WorkerSlot& slot) : slot_(slot) {}

  /// In every sweep.
  void follow() {
    slot_.log_lines_dropped.store(log::dropped_lines(), std::memory_order_relaxed);
    const std::uint32_t order = slot_.log_level_order.load(std::memory_order_relaxed);
    if (order == 0 || order == followed_) return;
    followed_ = order;
    log::set_level(static_cast<log::Level>(order - 1));
  }

 private:
  WorkerSlot& slot_;
  std::uint32_t followed_ = 0;
};

}  // namespace alicorn
