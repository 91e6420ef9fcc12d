// Configures glibc's allocator for a worker. Worker.
#pragma once

#include <cstdint>

namespace alicorn {

/// Main thread, before there are other threads. Blocks of this size and above return to the system
/// as soon as they are freed, and this stays so. By default glibc raises the threshold to the size
/// of any such block that is freed (up to 32 MiB), after which all large blocks stay in its arenas.
/// This function also limits the number of arenas to what the threads can use at once. The
/// operator's environment overrides both.
void set_up_heap(std::uint32_t threads);
/// Returns free memory of the arenas to the system. Takes milliseconds. Any thread may call this.
void trim_heap() noexcept;

}  // namespace alicorn
