// The worker's acceptors, one per listener. Schedules the next look at clients that were left to
// siblings. Worker, I/O thread.
#pragma once

#include "workers/loop/event_loop.hpp"
#include "workers/net/acceptor.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace alicorn {

class AcceptorSet {
 public:
  AcceptorSet(EventLoop& loop, const std::vector<WorkerListener>& listeners, Reception& reception,
              WorkerSlot& scoreboard);

  /// Call this when there may be room again.
  void resume();
  /// Called with each sweep, and when the worker begins to serve.
  void look_at_places();
  /// Looks at clients that were left to siblings.
  void look_again(Acceptor::Occasion occasion = Acceptor::Occasion::kArrival);
  void stop();  ///< see Acceptor::stop(); call it in each sweep afterwards
  void leave_to_others();
  /// Others continue with all listeners.
  bool are_left_to_others() const;
  /// No acceptor takes clients any more.
  bool have_stopped() const;

 private:
  void look_again_later();

  Reception& reception_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  LoopTimer timer_;
  const std::function<void()> left_one_ = [this] { look_again_later(); };
};

}  // namespace alicorn
