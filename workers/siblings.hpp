// The workers that accept from the same listeners as this one, as the scoreboard shows them.
// Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/accept_gate.hpp"
#include "workers/scoreboard.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace alicorn {

class Siblings {
 public:
  Siblings(const Scoreboard& scoreboard, std::uint32_t own_slot, std::uint32_t generation)
      : scoreboard_(scoreboard), own_slot_(own_slot), generation_(generation) {}

  /// What they say of themselves at this moment. Valid until the next call.
  std::span<const AcceptLoad> loads(MonotonicTime now);

 private:
  void find(MonotonicTime now);

  const Scoreboard& scoreboard_;
  const std::uint32_t own_slot_, generation_;
  MonotonicTime found_at_{};
  std::vector<const WorkerSlot*> slots_;
  std::vector<AcceptLoad> loads_;
};

}  // namespace alicorn
