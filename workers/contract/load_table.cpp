#include "workers/contract/load_table.hpp"

#include <utility>

namespace alicorn {

void WorkerLoad::clear() {
  generation.store(0, std::memory_order_relaxed);
  openness.store(Openness::kClosed, std::memory_order_relaxed);
  connections.store(0, std::memory_order_relaxed);
  thread_freed_us.store(0, std::memory_order_relaxed);
  swept_us.store(0, std::memory_order_relaxed);
  reads_mail.store(0, std::memory_order_relaxed);
  free_threads.clear();
  waits_since_us.store(0, std::memory_order_relaxed);
}

Result<LoadTable> LoadTable::create(std::uint32_t slots) {
  auto memory = SharedMemory::create("alicorn-loads", slots * sizeof(WorkerLoad));
  if (!memory) return tl::unexpected(memory.error());
  return LoadTable(std::move(*memory), slots);
}

Result<LoadTable> LoadTable::map(UniqueFd fd, std::uint32_t slots) {
  auto memory = SharedMemory::map(std::move(fd), slots * sizeof(WorkerLoad));
  if (!memory) return tl::unexpected(memory.error());
  return LoadTable(std::move(*memory), slots);
}

// The initial values are the kernel's zeroes.
LoadTable::LoadTable(SharedMemory memory, std::uint32_t slots)
    : memory_(std::move(memory)), slots_(slots), loads_(static_cast<WorkerLoad*>(memory_.start())) {
  static_assert(static_cast<std::uint32_t>(Openness::kClosed) == 0);
}

}  // namespace alicorn
