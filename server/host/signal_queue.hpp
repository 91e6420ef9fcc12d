// Signals as data: blocked first, then read from a signalfd. No handler exists, so nothing here is
// async. Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include <poll.h>
#include <signal.h>

namespace alicorn {

/// Must be the first call of all: an order that comes before there is a master to obey it then
/// waits, instead of ending the process.
class HeldSignals {
 public:
  HeldSignals();
  /// For a process that is not a master.
  void release() const;

 private:
  sigset_t before_{};
};

class SignalQueue {
 public:
  /// Blocks the signals that are orders to the master. To be called before any thread, any logger
  /// and any fork. Only one queue at a time.
  static Result<SignalQueue> create();
  SignalQueue() = default;

  /// The next signal; SIGCHLD only if no order waits. Nothing when the time is over, a worker wrote
  /// to wake_fd(), or an event occurred on one of `others` (of which at most kOthersMax are looked
  /// at).
  std::optional<int> wait_for(milliseconds timeout, std::span<const pollfd> others = {});
  static constexpr std::size_t kOthersMax = 62;
  /// The sender of the last signal that the queue gave; 0: none yet, or the kernel.
  pid_t sender() const { return sender_; }

  /// For the workers, to say that they became ready or want to be replaced: anything that is
  /// written there ends the wait, but no more often than every kBetweenWakes.
  int wake_fd() const { return wake_end_.get(); }
  static constexpr milliseconds kBetweenWakes{5};
  /// The next wait_for() returns at once.
  void wake() { is_woken_ = true; }
  /// A descriptor that no child may keep.
  std::array<int, 2> descriptors() const { return {signals_.get(), woken_end_.get()}; }

 private:
  std::optional<int> read_signal();
  void take_wakes();

  UniqueFd signals_;
  /// A pipe, not an eventfd: workers share the flags of descriptors that they share with us, and a
  /// worker that clears O_NONBLOCK could make the master wait for ever.
  UniqueFd woken_end_, wake_end_;
  MonotonicTime wakes_from_{};
  bool is_woken_ = false;
  pid_t sender_ = 0;
};

/// In a worker or zygote, right after its fork. The master's signals except SIGCHLD stay blocked
/// (until the process takes its own: workers/loop/worker_signals.hpp). All others are as in a fresh
/// process, with SIGPIPE and SIGXFSZ ignored.
void reset_signals_for_worker();

/// Around a zygote's fork of a worker: the same signals wait until the worker takes its own. Gives
/// what was blocked before, for release_orders() in the zygote.
sigset_t hold_orders_of_worker();
void release_orders(const sigset_t& before);

/// Before an exec, because blocked and ignored signals survive it: nothing blocked, nothing
/// ignored.
void restore_signals();

}  // namespace alicorn
