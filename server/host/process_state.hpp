// What the kernel says about a process that does not report anything itself. Master.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

/// The state as proc(5) and ps(1) write it: R, S, D, T, Z, ... Nothing: the process does not exist,
/// there is no /proc, or it is hidden (hidepid).
std::optional<char> process_state(pid_t pid);

/// The owner, by the real user id. Nothing: as above.
std::optional<uid_t> process_user(pid_t pid);

/// "3 S in futex_wait_queue, 1 D in rpc_wait_bit_killable": how many threads are in which state,
/// and what they wait for in the kernel, if it tells (it tells root with CAP_SYS_PTRACE). Empty: as
/// above. Looks at 64 threads at most.
std::string describe_threads(pid_t pid);

}  // namespace alicorn
