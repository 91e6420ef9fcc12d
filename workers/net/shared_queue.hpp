// The queues of all workers, seen as one: which worker has a free thread for a request that waits
// here, and whose request has waited longest? Decides, according to the load table, without acting.
// Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/load_table.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace alicorn {

class SharedQueue {
 public:
  /// Slots from `slots` on have no mailbox.
  SharedQueue(LoadTable& table, std::uint32_t slots, std::uint32_t own_slot,
              std::uint32_t generation)
      : table_(table), slots_(slots), own_slot_(own_slot), generation_(generation) {}

  std::uint32_t slots() const { return slots_; }

  // What siblings see of this worker.

  void publish_free_threads(std::uint32_t count) { own().free_threads.publish(count); }
  /// 0: no request of this worker waits that could wait elsewhere.
  void publish_wait(std::uint64_t since_us);
  /// A request has come for which its sender had claimed a thread.
  void note_arrival();
  /// Called with each sweep. As many claims as were open all the time since the last one are
  /// forgotten: whoever made them is dead.
  void sweep();

  /// From now on requests may go to workers that came after a reload, too.
  void begin_to_leave() { leaves_ = true; }
  /// A sibling with a free thread, which is claimed for one request: the one with the fewest
  /// connections.
  std::optional<std::uint32_t> claim_thread(MonotonicTime now);
  void give_claim_back(std::uint32_t slot) { table_.at(slot).free_threads.give_back(); }
  /// The sibling whose oldest request has waited longest. It must have waited a quarter longer than
  /// one that has waited here since `own_since_us`; 0: nothing waits here. Otherwise requests would
  /// move for nothing. (tests/bench/queue_model.py, 8 to 256 clients: with a factor of 1.25, p99 is
  /// within 1.07 times that of one queue, and 7 to 29 % of the requests move. With 1 up to 75 %
  /// would move, with 1.5 the p99 would be up to 1.15 times that of one queue, with 4 up to 1.4.)
  /// Only one that would give it to this worker (see may_give_to()), and that has not just `had
  /// nothing`.
  std::optional<std::uint32_t> find_longest_wait(std::uint64_t own_since_us, MonotonicTime now,
                                                 const std::vector<bool>& had_nothing) const;
  /// Whether requests may go to the worker of this slot. Only that worker can tell whether it
  /// serves the address to which the client has connected.
  bool may_give_to(std::uint32_t slot, MonotonicTime now) const;

 private:
  WorkerLoad& own() { return table_.at(own_slot_); }
  bool would_give(std::uint32_t slot, MonotonicTime now) const;

  LoadTable& table_;
  const std::uint32_t slots_, own_slot_, generation_;
  bool leaves_ = false;
  std::uint64_t published_wait_us_ = 0;
  std::uint32_t fewest_claims_ = 0;  ///< that were open at a time since the last sweep
};

}  // namespace alicorn
