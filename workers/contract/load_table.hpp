// The loads that workers show each other if they accept from the same listeners. Every worker may
// write this shared memory, so nothing depends on it except which worker takes a client. The master
// maps it before any fork, and passes it on to the next master in an upgrade.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/free_threads.hpp"
#include "workers/contract/shared_memory.hpp"

#include <atomic>
#include <cstdint>

namespace alicorn {

/// How ready a worker is to take a new client, in rising order.
enum class Openness : std::uint32_t {
  kClosed,  ///< takes no client: not ready, leaving, full or unable to serve
  kBusy,    ///< every thread that may run the app is busy
  kFree,    ///< a thread would take the client's request at once
};

struct alignas(64) WorkerLoad {
  /// Of the serving worker: the younger it is, the higher. 0: no worker serves.
  std::atomic<std::uint32_t> generation{0};
  std::atomic<Openness> openness{Openness::kClosed};
  std::atomic<std::uint64_t> connections{0};  ///< open now
  /// CLOCK_MONOTONIC µs of the last return of a thread from the app while calls waited for a
  /// thread.
  std::atomic<std::uint64_t> thread_freed_us{0};
  /// CLOCK_MONOTONIC µs of the last sweep of the worker's loop.
  std::atomic<std::uint64_t> swept_us{0};
  /// 1: it takes over clients from its mailbox (MailRoom).
  std::atomic<std::uint32_t> reads_mail{0};
  FreeThreads free_threads;  ///< only of a worker that reads its mail
  /// CLOCK_MONOTONIC µs: since when the oldest request has waited for a thread that could also wait
  /// elsewhere. 0: there is none.
  std::atomic<std::uint64_t> waits_since_us{0};

  /// For the master: before a fork, and after the end of a worker.
  void clear();
};

class LoadTable {
 public:
  static Result<LoadTable> create(std::uint32_t slots);
  /// The table of another program, for as many slots.
  static Result<LoadTable> map(UniqueFd fd, std::uint32_t slots);

  int fd() const { return memory_.fd(); }
  std::uint32_t slots() const { return slots_; }
  WorkerLoad& at(std::uint32_t slot) { return loads_[slot]; }
  const WorkerLoad& at(std::uint32_t slot) const { return loads_[slot]; }

 private:
  LoadTable(SharedMemory memory, std::uint32_t slots);

  SharedMemory memory_;
  std::uint32_t slots_;
  WorkerLoad* loads_;
};

}  // namespace alicorn
