// What a worker writes about its own death, into shared memory: the master reads it when the worker
// is gone.
#pragma once

#include "workers/contract/stack_trace.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include <sys/types.h>

namespace alicorn {

enum class CrashKind : std::int32_t {
  kNone,
  kSignal,
  kExit,  ///< the app called exit(), or a library of its did
};

/// Its worker alone writes it, in the handler of the signal that kills it, or of the exit. The
/// master believes nothing of it.
struct CrashRecord {
  std::atomic<CrashKind> kind{CrashKind::kNone};  ///< stored last, with release
  std::int32_t signal = 0;                        ///< of kSignal
  std::int32_t code = 0;                          ///< si_code
  std::int32_t thread = 0;                        ///< tid
  std::int32_t sender = 0;                        ///< the process that sent it; 0: it was a fault
  std::uint64_t address = 0;                      ///< si_addr of a fault
  StackTrace trace;

  void clear() noexcept { kind.store(CrashKind::kNone, std::memory_order_relaxed); }
};

/// A copy, as the master reports it.
struct CrashReport {
  CrashKind kind = CrashKind::kNone;
  int signal = 0;
  int code = 0;
  pid_t thread = 0;
  pid_t sender = 0;
  std::uint64_t address = 0;
  std::string backtrace{};

  bool has_happened() const { return kind != CrashKind::kNone; }
};

}  // namespace alicorn
