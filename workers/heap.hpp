// What a worker asks of glibc's allocator. Worker.
#pragma once

#include <cstdint>

namespace alicorn {

/// Main thread, before there are others. Blocks of this size and more are the system's again as
/// soon as they are freed, for good: glibc raises the limit to the size of any such block that is
/// freed (up to 32 MiB), after which all large ones stay in its arenas. And there are no more
/// arenas than threads can use at once. What the operator's environment says of either wins.
void set_up_heap(std::uint32_t threads);
/// Gives back what is free in the arenas. Takes milliseconds; any thread.
void trim_heap() noexcept;

}  // namespace alicorn
