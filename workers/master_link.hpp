// What a worker tells its master: in its slot of the scoreboard, and by a wake-up. Worker.
#pragma once

#include "workers/contract/scoreboard.hpp"

#include <string_view>

namespace alicorn {

class MasterLink {
 public:
  /// `wake_fd`: whatever is written there has the master look at the slots.
  MasterLink(WorkerSlot& slot, int wake_fd) : slot_(slot), wake_fd_(wake_fd) {}

  bool is_starting() const {
    return slot_.state.load(std::memory_order_relaxed) == WorkerState::kStarting;
  }
  void say_ready() const;
  /// It is the master who has asked for it: no wake-up.
  void note_draining() const {
    slot_.state.store(WorkerState::kDraining, std::memory_order_relaxed);
  }
  /// Any thread. Only a stronger wish than the present one counts. Without a reason: there is none.
  void ask_for_recycling(std::string_view reason, RecyclingWish wish) const;

 private:
  void wake() const;

  WorkerSlot& slot_;
  const int wake_fd_;
};

}  // namespace alicorn
