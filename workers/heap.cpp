#include "workers/heap.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <malloc.h>

namespace alicorn {
namespace {

/// glibc's own threshold at the start of a process.
constexpr int kMmapThreshold = 128 * 1024;
constexpr std::uint32_t kArenasMin = 2;

/// True if the variable or the tunable is set.
bool is_set_by_operator(const char* variable, std::string_view tunable) {
  // No other threads exist yet. NOLINTBEGIN(concurrency-mt-unsafe)
  if (std::getenv(variable) != nullptr) return true;
  const char* const tunables = std::getenv("GLIBC_TUNABLES");
  // NOLINTEND(concurrency-mt-unsafe)
  return tunables != nullptr && std::string_view(tunables).find(tunable) != std::string_view::npos;
}

}  // namespace

void set_up_heap(std::uint32_t threads) {
  // No other threads exist yet. NOLINTBEGIN(concurrency-mt-unsafe)
  if (!is_set_by_operator("MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold")) {
    ::mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  }
  if (!is_set_by_operator("MALLOC_ARENA_MAX", "glibc.malloc.arena_max")) {
    const std::uint32_t cores = std::max(std::thread::hardware_concurrency(), kArenasMin);
    ::mallopt(M_ARENA_MAX, static_cast<int>(std::clamp(threads + 1, kArenasMin, cores)));
  }
  // NOLINTEND(concurrency-mt-unsafe)
}

void trim_heap() noexcept {
  ::malloc_trim(0);
}

}  // namespace alicorn
