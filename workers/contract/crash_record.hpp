// What a dying worker writes about its own crash, in shared memory. The master reads it after the
// worker is gone.
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
  kExit,  ///< the app or one of its libraries called exit()
};

/// Written only by its worker: in the handler of the signal that kills it, or of the exit. The
/// master trusts none of it.
struct CrashRecord {
  std::atomic<CrashKind> kind{CrashKind::kNone};  ///< stored last, with release
  std::int32_t signal = 0;                        ///< set for kSignal
  std::int32_t code = 0;                          ///< si_code
  std::int32_t thread = 0;                        ///< tid
  std::int32_t sender = 0;                        ///< pid of the sender; 0 for a fault
  std::uint64_t address = 0;                      ///< si_addr, for a fault
  StackTrace trace;
  AppStack app_stack;

  void clear() noexcept { kind.store(CrashKind::kNone, std::memory_order_relaxed); }
};

/// A copy of the record, for the master's report.
struct CrashReport {
  CrashKind kind = CrashKind::kNone;
  int signal = 0;
  int code = 0;
  pid_t thread = 0;
  pid_t sender = 0;
  std::uint64_t address = 0;
  std::string backtrace{};
  std::string app_stack{};  ///< "": the app tells none

  bool has_happened() const { return kind != CrashKind::kNone; }
};

}  // namespace alicorn
