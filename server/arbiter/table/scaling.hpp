// Takes the next step towards the wanted number of workers of the right generation. Pure. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/goals.hpp"
#include "server/arbiter/table/recycling.hpp"
#include "server/arbiter/table/respawning.hpp"
#include "server/arbiter/table/roster.hpp"

#include <cstdint>

namespace alicorn {

class Scaling {
 public:
  Scaling(const Goals& goals, Roster& roster, Recycling& recycling, const Respawning& respawning)
      : goals_(goals), roster_(roster), recycling_(recycling), respawning_(respawning) {}

  void scale(MonotonicTime now);
  /// Milestone::kSettled has to be reached again.
  void unsettle() { is_settled_ = false; }

 private:
  struct Census;

  Census take_census() const;
  void drain_unwanted(MonotonicTime now);
  void shrink(Census& census, MonotonicTime now);
  void retire_outgoing(Census& census, MonotonicTime now);
  void stand_in(Census& census, MonotonicTime now);
  void grow(const Census& census, MonotonicTime now);
  void note_settled();
  std::uint32_t give_up(std::uint32_t count, std::uint32_t generation, MonotonicTime now);
  std::uint32_t start(std::uint32_t count, std::uint32_t generation, MonotonicTime now);

  const Goals& goals_;
  Roster& roster_;
  Recycling& recycling_;
  const Respawning& respawning_;
  bool is_settled_ = false;
};

}  // namespace alicorn
