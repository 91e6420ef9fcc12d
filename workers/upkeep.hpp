// What a worker does about its size, its age and the number of its requests: gives memory back, and
// asks to be replaced. Worker, I/O thread.
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
  /// What it refers to must be there before sweep() is called.
  Upkeep(const WorkerSettings& settings, const MasterLink& master);

  void sweep(ConnectionContext& context, ConnectionSet& connections, MonotonicTime time);
  void note_ready() { recycling_watch_.note_ready(now()); }
  /// One that the app has served.
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
