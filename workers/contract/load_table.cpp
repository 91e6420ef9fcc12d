#include "workers/contract/load_table.hpp"

#include <cstddef>
#include <utility>

#include <sys/mman.h>

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
  const std::size_t size = slots * sizeof(WorkerLoad);
  void* const mapping =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return fail_errno("mmap", "load table");
  return LoadTable(mapping, size, slots);
}

// The initial values are the kernel's zeroes.
LoadTable::LoadTable(void* mapping, std::size_t size, std::uint32_t slots)
    : mapping_(mapping), size_(size), slots_(slots), loads_(static_cast<WorkerLoad*>(mapping)) {
  static_assert(static_cast<std::uint32_t>(Openness::kClosed) == 0);
}

LoadTable::LoadTable(LoadTable&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      size_(other.size_),
      slots_(other.slots_),
      loads_(other.loads_) {}

LoadTable::~LoadTable() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_);
}

}  // namespace alicorn
