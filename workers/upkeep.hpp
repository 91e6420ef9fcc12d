// What a worker does about its size, its age and the number of its requests: gives memory back, and
// asks to be replaced. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/connection_context.hpp"
#include "workers/connection_set.hpp"
#include "workers/master_link.hpp"
#include "workers/memory_care.hpp"
#include "workers/recycling_watch.hpp"

namespace alicorn {

class Upkeep {
 public:
  /// What it refers to must be there before sweep() is called.
  Upkeep(const WorkerSettings& settings, const MasterLink& master);

  void sweep(ConnectionContext& context, ConnectionSet& connections, MonotonicTime time);
  void note_request();  ///< that the app has served

 private:
  const MasterLink& master_;
  RecyclingWatch recycling_watch_;
  MemoryCare memory_care_;
};

}  // namespace alicorn
