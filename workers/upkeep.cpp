#include "workers/upkeep.hpp"

#include "workers/heap.hpp"
#include "workers/random_seed.hpp"

namespace alicorn {

Upkeep::Upkeep(const WorkerSettings& settings, const MasterLink& master)
    : master_(master), recycling_watch_(settings, random_seed(), now()) {}

void Upkeep::look_at_number() {
  const RecyclingWish wish = recycling_watch_.look_at_number(now());
  if (wish != RecyclingWish::kNone) master_.ask_for_recycling("max_requests", wish);
}

/// Free memory may still be resident. It is returned to the system before it counts as the
/// worker's.
void Upkeep::sweep(ConnectionContext& context, ConnectionSet& connections, MonotonicTime time) {
  const auto wish = recycling_watch_.look(time, [this] { memory_care_.ask(); });
  master_.ask_for_recycling(wish, RecyclingWish::kInPassing);
  const MemoryCare::Activity activity{
      .requests = context.scoreboard.requests.load(std::memory_order_relaxed),
      .bytes = context.bytes_moved,
      .runs_calls = context.app.executor().running_elsewhere() != 0};
  if (!memory_care_.is_due(activity, time)) return;
  connections.release_memory();
  context.app.calls().release_memory();
  context.blocks.release_memory();
  context.app.disk_helpers().run(trim_heap);  // a trim takes milliseconds
}

}  // namespace alicorn
