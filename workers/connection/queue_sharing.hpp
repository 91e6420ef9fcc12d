// Makes one queue of the queues of all workers: a request that waits here for a thread goes to a
// worker that has a free one, and a thread of this worker that becomes free takes the request that
// has waited longest, wherever that is. Costs nothing while threads are free. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/app/app_call.hpp"
#include "workers/connection/hand_over.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/loop/executor.hpp"
#include "workers/net/inquiry.hpp"
#include "workers/net/shared_queue.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

class QueueSharing {
 public:
  /// All must outlive it.
  QueueSharing(EventLoop& loop, AppExecutor& executor, HandOver& hand_over,
               const SharedQueue& shared);

  // What it is told by the executor.

  void on_calls_wait();
  void on_load_changed();

  /// Called with each sweep.
  void sweep();
  /// The worker is replaced: its requests may go to those that replace it.
  void begin_to_leave() { shared_.begin_to_leave(); }
  /// No thread of this worker will become free: what waits goes to other workers from now on,
  /// whether or not they have a free thread.
  void give_all_away();

  // What it is told by other workers; see HandOver::Clients.

  void on_claim_used() { shared_.note_arrival(); }
  bool on_asked(std::uint32_t slot);
  void on_told(std::uint32_t slot, Inquiry::Answer answer);

  const SharedQueue& queue() const { return shared_; }

  /// Where the client goes that leaves with its request just now.
  struct Destination {
    std::uint32_t slot;
    bool has_claim;  ///< of one of that worker's threads
  };
  const std::optional<Destination>& destination() const { return destination_; }
  void note_given() { destination_.reset(); }

 private:
  AppCall* find_movable() const;
  std::optional<Destination> choose_destination();
  bool give(AppCall& call, const Destination& destination);
  void publish_free_threads(std::uint32_t but = 0);
  void publish_wait(const AppCall* oldest);
  void ask_for_one();
  void keep_no_thread();
  const AppTask* last_about_to_run() const;

  const EventLoop& loop_;
  AppExecutor& executor_;
  HandOver& hand_over_;
  SharedQueue shared_;
  std::uint32_t running_elsewhere_ = 0;
  bool gives_all_ = false;
  std::optional<Destination> destination_;
  Inquiry inquiry_;
  LoopTimer answer_is_late_;
};

}  // namespace alicorn
