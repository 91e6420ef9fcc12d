// How a child of the master ended, and what its end is called. Master.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

namespace alicorn {

/// How a child ended, as reported by waitpid.
struct ExitReport {
  pid_t pid = 0;
  int exit_code = 0;      ///< of a child that exited
  int signal = 0;         ///< the signal that killed it; 0: it exited
  bool core = false;      ///< it left a core file
  bool is_stuck = false;  ///< the signal has not ended it in time: it is left behind
};

/// Describes the end of such a child.
inline constexpr std::string_view kStuckInKernel =
    "does not end, not even by SIGKILL: it is stuck in the kernel, perhaps in a file system that "
    "does not answer";

/// "SIGSEGV"
std::string signal_name(int number);

}  // namespace alicorn
