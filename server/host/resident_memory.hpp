// The memory that a process has in RAM. Master.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace alicorn {

/// In bytes, including what it shares with others; 0: unknown.
std::uint64_t resident_memory(pid_t pid);

}  // namespace alicorn
