// Decides which workers are replaced because they, or an operator, ask for it, and when. Pure.
// Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/goals.hpp"
#include "server/arbiter/table/roster.hpp"
#include "workers/contract/worker_state.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

class Recycling {
 public:
  Recycling(const Goals& goals, Roster& roster) : goals_(goals), roster_(roster) {}

  void begin_anew() { hasty_wishes_ = 0; }
  /// Takes the wish that the worker wrote to the scoreboard.
  void note_wish(WorkerHandle& worker, RecyclingWish wish, MonotonicTime now);
  /// An operator's wish. False: the worker does not serve, or is already being replaced.
  bool ask(std::uint32_t slot, MonotonicTime now);
  /// Begins to recycle the workers whose turn it is.
  void admit(MonotonicTime now);

  /// The worker serves, and will be replaced.
  bool is_outgoing(const WorkerHandle& worker) const {
    return worker.phase == WorkerPhase::kReady &&
           (worker.generation != goals_.generation() || worker.is_recycled);
  }
  /// The worker is recycled, and has served its number of requests, or nearly.
  bool is_spent(const WorkerHandle& worker) const;
  /// The slot of the outgoing worker that leaves first, once a replacement is ready.
  std::optional<std::uint32_t> next_to_retire(MonotonicTime now) const;

 private:
  WorkerHandle* next_to_admit(std::uint32_t recycled, MonotonicTime now);
  int reluctance_about(const WorkerHandle& worker) const;
  bool goes_before(const WorkerHandle& one, const WorkerHandle& other) const;

  const Goals& goals_;
  Roster& roster_;
  std::uint32_t hasty_wishes_ = 0;  ///< in a row, of workers that had only just become ready
};

}  // namespace alicorn
