// The worker's acceptors, one per listener. Schedules the next look at clients that were left to
// siblings. Worker, I/O thread.
#pragma once

#include "workers/loop/handler_memory.hpp"
#include "workers/net/acceptor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace alicorn {

class AcceptorSet {
 public:
  AcceptorSet(boost::asio::io_context& io, const std::vector<WorkerListener>& listeners,
              Reception& reception, WorkerSlot& scoreboard);

  /// Call this when there may be room again.
  void resume();
  /// Called with each sweep. Also looks at clients that were left to siblings.
  void look_again(Acceptor::Occasion occasion = Acceptor::Occasion::kArrival);
  void stop();  ///< see Acceptor::stop(); call it in each sweep afterwards
  void leave_to_others();
  /// No acceptor takes clients any more.
  bool have_stopped() const;

 private:
  void look_again_later();

  Reception& reception_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  HandlerMemory timer_memory_;
  bool timer_runs_ = false;
  const std::function<void()> left_one_ = [this] { look_again_later(); };
};

}  // namespace alicorn
