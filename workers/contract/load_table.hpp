// What workers show each other, which accept from the same listeners: shared memory that every
// worker may write, and that nobody relies on for more than who takes a client. Mapped by the
// master before any fork.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <atomic>
#include <cstdint>

namespace alicorn {

/// How open a worker is for a new client, in rising order.
enum class Openness : std::uint32_t {
  kClosed,  ///< takes none: not ready, leaving, full, or it cannot serve
  kBusy,    ///< every thread that may run the app is out
  kFree,    ///< a thread would take the client's request at once
};

struct alignas(64) WorkerLoad {
  std::atomic<std::uint32_t> generation{0};  ///< of a worker that serves; 0: none does
  std::atomic<Openness> openness{Openness::kClosed};
  std::atomic<std::uint64_t> connections{0};  ///< open now
  /// CLOCK_MONOTONIC µs: when a thread last came back from the app while others waited for one.
  std::atomic<std::uint64_t> thread_freed_us{0};
  /// Likewise: when its loop last swept.
  std::atomic<std::uint64_t> swept_us{0};

  /// Master, before a fork and after an end.
  void clear();
};

class LoadTable {
 public:
  static Result<LoadTable> create(std::uint32_t slots);
  LoadTable(LoadTable&& other) noexcept;
  LoadTable& operator=(LoadTable&&) = delete;
  ~LoadTable();

  std::uint32_t slots() const { return slots_; }
  WorkerLoad& at(std::uint32_t slot) { return loads_[slot]; }
  const WorkerLoad& at(std::uint32_t slot) const { return loads_[slot]; }

 private:
  LoadTable(void* mapping, std::size_t size, std::uint32_t slots);

  void* mapping_;
  std::size_t size_;
  std::uint32_t slots_;
  WorkerLoad* loads_;
};

}  // namespace alicorn
