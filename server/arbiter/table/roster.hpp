// The workers by slot, and the orders about them. Pure. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/table/goals.hpp"
#include "server/arbiter/table/orders.hpp"
#include "server/arbiter/table/worker_handle.hpp"
#include "workers/contract/sizes.hpp"
#include "workers/contract/stop_times.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Roster {
 public:
  explicit Roster(const Goals& goals) : goals_(goals) {}

  WorkerHandle& at(std::uint32_t slot) { return workers_[slot]; }
  const WorkerHandle& at(std::uint32_t slot) const { return workers_[slot]; }
  auto begin() { return workers_.begin(); }
  auto end() { return workers_.end(); }
  auto begin() const { return workers_.begin(); }
  auto end() const { return workers_.end(); }

  bool all_left() const { return alive() == 0; }
  std::uint32_t alive() const;
  /// Slots up to the last one in use.
  std::uint32_t slots_in_use() const;
  bool has_workers_of(std::uint32_t generation) const;
  bool has_ready_workers() const;
  /// The slot of this process; nothing: it is not a worker.
  std::optional<std::uint32_t> slot_of(pid_t pid) const;
  /// Null: all slots are taken, or kept for a successor, or the other master's.
  WorkerHandle* free_place();
  std::optional<std::uint32_t> free_slot() const;
  /// The slots that new workers may have from now on.
  void keep_to(const SlotSet& slots) { own_ = slots; }

  void order_spawn(std::uint32_t slot, std::uint32_t generation, MonotonicTime now);
  /// Sends TERM, or QUIT if the server is stopping quickly; each once. Neither extends the time
  /// that the worker had: a worker that hangs while it boots has no request to finish.
  void order_leave(std::uint32_t slot, SignalReason reason, MonotonicTime now);
  void order_signal(std::uint32_t slot, int number, SignalReason reason);
  void order(Order order) { orders_.push_back(order); }
  std::vector<Order> take_orders() { return std::exchange(orders_, {}); }

 private:
  const Goals& goals_;
  std::array<WorkerHandle, kWorkerSlots> workers_;
  SlotSet own_ = SlotSet().set();
  std::vector<Order> orders_;
};

}  // namespace alicorn
