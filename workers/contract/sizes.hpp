// Limits on the number of workers, slots and requests. Used in worker and master.
#pragma once

#include <bitset>
#include <cstdint>

namespace alicorn {

/// The highest value of the `workers` setting.
inline constexpr std::uint32_t kWorkersMax = 200;
/// Slots of the scoreboard. The slots beyond kWorkersMax are for old workers that still drain while
/// a whole new generation starts.
inline constexpr std::uint32_t kWorkerSlots = 256;
static_assert(kWorkersMax < kWorkerSlots);
using SlotSet = std::bitset<kWorkerSlots>;

/// Requests of one worker that may be in the app at once. The scoreboard has a slot for each: 512
/// bytes of address space, which take memory only if used. docs/configuration.md and the help text
/// of worker_connections repeat this number.
inline constexpr std::uint32_t kCallsMax = 8'192;

}  // namespace alicorn
