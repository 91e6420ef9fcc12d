// What a worker writes about its own death, into shared memory: the master reads it when the worker
// is gone.
#pragma once

#include "workers/stack_trace.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include <sys/types.h>

namespace alicorn {

/// Its worker alone writes it, in the handler of the signal that kills it. The master believes
/// nothing of it.
struct CrashRecord {
  std::atomic<std::int32_t> signal{0};  ///< stored last, with release; 0: no crash
  std::int32_t code = 0;                ///< si_code
  std::int32_t thread = 0;              ///< tid
  std::int32_t sender = 0;              ///< the process that sent it; 0: it was a fault
  std::uint64_t address = 0;            ///< si_addr of a fault
  StackTrace trace;

  void clear() noexcept { signal.store(0, std::memory_order_relaxed); }
};

/// A copy, as the master reports it.
struct CrashReport {
  int signal = 0;  ///< 0: no crash
  int code = 0;
  pid_t thread = 0;
  pid_t sender = 0;
  std::uint64_t address = 0;
  std::string backtrace;
};

}  // namespace alicorn
