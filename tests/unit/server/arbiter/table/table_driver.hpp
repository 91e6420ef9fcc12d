// Plays the arbiter for a WorkerTable: executes its orders on imaginary processes, with a clock
// that the test moves.
#pragma once

#include "server/arbiter/table/worker_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <signal.h>

namespace alicorn {

/// The deadlines that the tests rely on.
inline WorkerPolicy workers(std::uint32_t count, std::uint32_t max_surge = 1) {
  using std::chrono::seconds;
  return {.workers = count,
          .max_surge = max_surge,
          .boot_timeout = seconds(60),
          .heartbeat_timeout = seconds(30),
          .graceful_timeout = seconds(30)};
}

class TableDriver {
 public:
  explicit TableDriver(const WorkerPolicy& policy) : table(1, policy) { turn(); }
  /// The same, but first plays a history; a constructor, because a table cannot be moved.
  template <class History>
  TableDriver(const WorkerPolicy& policy, const History& history) : TableDriver(policy) {
    history(*this);
  }

  /// One turn of the master's loop, now.
  const std::vector<Order>& turn() {
    orders = table.decide(reading, clock);
    for (const Order& order : orders) {
      if (const auto* spawn = std::get_if<Spawn>(&order)) {
        reading.resize(std::max<std::size_t>(reading.size(), spawn->slot + 1));
        reading[spawn->slot] = {WorkerState::kStarting, clock, RecyclingWish::kNone};
        table.on_spawned(spawn->slot, next_pid);
        slot_of[next_pid++] = spawn->slot;
      } else if (const auto* leave = std::get_if<LeaveBehind>(&order)) {
        const ExitReport report{.pid = leave->pid, .signal = SIGKILL, .is_stuck = true};
        left_behind.push_back(table.on_exit(report, clock).value());
        reading[left_behind.back().slot] = {};
      }
    }
    return orders;
  }
  /// The workers' loops beat while the clock moves, except those in `stuck`.
  const std::vector<Order>& pass(milliseconds time) {
    clock += time;
    for (std::uint32_t slot = 0; slot < reading.size(); ++slot) {
      const bool is_stuck = std::find(stuck.begin(), stuck.end(), slot) != stuck.end();
      const bool beats = reading[slot].state == WorkerState::kReady ||
                         reading[slot].state == WorkerState::kDraining;
      if (beats && !is_stuck) reading[slot].heartbeat = clock;
    }
    return turn();
  }
  /// Like the master, wakes up for each event on the way.
  void pass_through(milliseconds time) {
    const MonotonicTime end = clock + time;
    while (clock < end) {
      const auto step =
          std::min(std::chrono::ceil<milliseconds>(end - clock), table.time_to_next_event(clock));
      pass(std::max(step, milliseconds{1}));
    }
  }

  const std::vector<Order>& make_ready(std::uint32_t slot) {
    reading[slot].state = WorkerState::kReady;
    reading[slot].heartbeat = clock;
    return turn();
  }
  void make_all_ready() {
    for (std::uint32_t slot = 0; slot < reading.size(); ++slot) {
      if (table.worker(slot).phase == WorkerPhase::kStarting) make_ready(slot);
    }
  }

  Departure exit_with(std::uint32_t slot, int code) { return bury(slot, {.exit_code = code}); }
  Departure die_of(std::uint32_t slot, int signal) { return bury(slot, {.signal = signal}); }
  /// Those workers leave that were told to.
  void let_leave() {
    for (std::uint32_t slot = 0; slot < reading.size(); ++slot) {
      if (table.worker(slot).told_to_leave) exit_with(slot, 0);
    }
    turn();
  }

  std::vector<std::uint32_t> slots_in(WorkerPhase phase) const {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
      if (table.worker(slot).phase == phase) slots.push_back(slot);
    }
    return slots;
  }
  std::vector<std::uint32_t> spawned() const {
    std::vector<std::uint32_t> slots;
    for (const Order& order : orders) {
      if (const auto* spawn = std::get_if<Spawn>(&order)) slots.push_back(spawn->slot);
    }
    return slots;
  }
  /// The number of the signal that this turn sends to a slot; 0: none.
  int signal_to(std::uint32_t slot) const {
    for (const Order& order : orders) {
      const auto* signal = std::get_if<Signal>(&order);
      if (signal != nullptr && signal->slot == slot) return signal->number;
    }
    return 0;
  }
  std::optional<SignalReason> reason_for(std::uint32_t slot) const {
    for (const Order& order : orders) {
      const auto* signal = std::get_if<Signal>(&order);
      if (signal != nullptr && signal->slot == slot) return signal->reason;
    }
    return std::nullopt;
  }
  bool reached(Milestone milestone) const {
    return std::any_of(orders.begin(), orders.end(), [&](const Order& order) {
      return std::holds_alternative<Milestone>(order) && std::get<Milestone>(order) == milestone;
    });
  }
  std::size_t count(WorkerPhase phase) const { return slots_in(phase).size(); }

  WorkerTable table;
  MonotonicTime clock{std::chrono::hours{1}};
  ScoreboardReading reading;
  std::vector<Order> orders;
  std::vector<std::uint32_t> stuck;
  std::vector<Departure> left_behind;
  pid_t next_pid = 1000;
  std::map<pid_t, std::uint32_t> slot_of;

 private:
  Departure bury(std::uint32_t slot, ExitReport report) {
    report.pid = table.worker(slot).pid;
    reading[slot] = {};
    return table.on_exit(report, clock).value();
  }
};

}  // namespace alicorn
