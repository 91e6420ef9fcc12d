// Looks after a worker's size, age and number of requests: returns memory to the system, and asks
// for a replacement. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/master_link.hpp"
#include "workers/memory_care.hpp"
#include "workers/recycling_watch.hpp"

namespace alicorn {

class Upkeep {
 public:
  /// `master` must be ready before sweep() is called.
  Upkeep(const WorkerSettings& settings, const MasterLink& master);

  void sweep(ConnectionContext& context, ConnectionSet& connections, MonotonicTime time);
  void note_ready() { recycling_watch_.note_ready(now()); }
  /// Counts a request that the app has served.
  void note_request() {
    if (recycling_watch_.after_request()) look_at_number();
  }
  /// See RecyclingWatch.
  milliseconds idle_grace(milliseconds most) const {
    return recycling_watch_.idle_grace(now(), most);
  }

 private:
  void look_at_number();

  const MasterLink& master_;
  RecyclingWatch recycling_watch_;
  MemoryCare memory_care_;
};

}  // namespace alicorn
