// How many workers, slots and requests there may be. Worker and master.
#pragma once

#include <cstdint>

namespace alicorn {

/// The most that `workers` may ask for.
inline constexpr std::uint32_t kWorkersMax = 200;
/// Of the scoreboard. Beyond kWorkersMax there is room for old workers that still drain while a
/// whole new generation comes.
inline constexpr std::uint32_t kWorkerSlots = 256;
static_assert(kWorkersMax < kWorkerSlots);

/// Requests of one worker that may be in the application at once. The scoreboard has a slot for
/// each: 512 bytes of addresses, which become memory where they are used. docs/configuration.md and
/// the help text of worker_connections name this number.
inline constexpr std::uint32_t kCallsMax = 8'192;

}  // namespace alicorn
