// Exchanges facts about the worker's error log with the master: lost lines, and the log level.
// Worker, I/O thread.
#pragma once

#include "base/log.hpp"
#include "workers/app/app_host.hpp"
#include "workers/contract/scoreboard.hpp"

#include <atomic>
#include <cstdint>

namespace alicorn {

class LogReins {
 public:
  LogReins(WorkerSlot& slot, AppHost& app) : slot_(slot), app_(app) {}

  /// Called in every sweep.
  void follow() {
    tell_losses();
    const std::uint32_t order = slot_.log_level_order.load(std::memory_order_relaxed);
    if (order == 0 || order == followed_) return;
    followed_ = order;
    log::set_level(static_cast<log::Level>(order - 1));
    app_.follow_log_level();
  }

  /// Also called when the worker exits: the master reports the losses that the worker has not
  /// reported.
  void tell_losses() {
    const log::Untold untold = log::untold_losses();
    slot_.log_lines_dropped.store(log::dropped_lines(), std::memory_order_relaxed);
    slot_.losses_untold.store(untold.to_file, std::memory_order_relaxed);
    slot_.syslog_losses_untold.store(untold.to_syslog, std::memory_order_relaxed);
  }

 private:
  WorkerSlot& slot_;
  AppHost& app_;
  std::uint32_t followed_ = 0;
};

}  // namespace alicorn
