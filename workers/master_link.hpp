// What a worker reports to its master, through its slot of the scoreboard and a wake-up. Worker.
#pragma once

#include "workers/contract/scoreboard.hpp"

#include <string_view>

namespace alicorn {

class MasterLink {
 public:
  /// `wake_fd`: a write to it makes the master look at the slots.
  MasterLink(WorkerSlot& slot, int wake_fd) : slot_(slot), wake_fd_(wake_fd) {}

  bool is_starting() const {
    return slot_.state.load(std::memory_order_relaxed) == WorkerState::kStarting;
  }
  void say_ready() const;
  /// Needs no wake-up: the master itself has asked the worker to drain.
  void note_draining() const {
    slot_.state.store(WorkerState::kDraining, std::memory_order_relaxed);
  }
  void note_ending() const { slot_.state.store(WorkerState::kEnding, std::memory_order_relaxed); }
  /// Any thread. Only a stronger wish than the current one counts. An empty reason means no wish.
  void ask_for_recycling(std::string_view reason, RecyclingWish wish) const;

 private:
  void wake() const;

  WorkerSlot& slot_;
  const int wake_fd_;
};

}  // namespace alicorn
