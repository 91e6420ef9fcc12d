// Memory that a process has in RAM. Master.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace alicorn {

/// Bytes, what it shares with others included; 0: it cannot be told.
std::uint64_t resident_memory(pid_t pid);

}  // namespace alicorn
