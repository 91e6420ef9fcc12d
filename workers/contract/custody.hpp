// Says which of two workers serves a client that is on its way from one to the other. Both of them
// and the mailbox may hold its descriptor meanwhile.
// Worker. It lies in memory that every worker may write, so only the client's fate depends on it.
#pragma once

#include <atomic>
#include <cstdint>

namespace alicorn {

class Custody {
 public:
  /// Tells one hand-over from all others at the same place, of whichever worker.
  using Ticket = std::uint64_t;

  /// Sender: begins a hand-over. Only if is_free().
  Ticket offer() {
    const Ticket ticket = (word_.load(std::memory_order_relaxed) >> kStateBits) + 1;
    word_.store(ticket << kStateBits | kOffered, std::memory_order_release);
    return ticket;
  }
  /// Receiver: true for one caller, who serves the client from then on.
  bool claim(Ticket ticket) { return change(ticket, kClaimed); }
  /// Sender: true if the client is its own again. False: the receiver has claimed it.
  bool withdraw(Ticket ticket) { return change(ticket, kOver); }
  /// Sender: ends what an earlier worker of the slot has offered. Whoever claims it now is too
  /// late.
  void abandon() { withdraw(word_.load(std::memory_order_relaxed) >> kStateBits); }
  /// Sender: the receiver serves the client.
  bool is_claimed(Ticket ticket) const {
    return word_.load(std::memory_order_acquire) == (ticket << kStateBits | kClaimed);
  }
  /// No client waits here. One that a dead worker has offered may still be claimed.
  bool is_free() const { return (word_.load(std::memory_order_relaxed) & kStates) != kOffered; }

 private:
  static constexpr std::uint64_t kOver = 0, kOffered = 1, kClaimed = 2, kStates = 3;
  static constexpr int kStateBits = 2;

  bool change(Ticket ticket, std::uint64_t state) {
    std::uint64_t expected = ticket << kStateBits | kOffered;
    return word_.compare_exchange_strong(expected, ticket << kStateBits | state,
                                         std::memory_order_acq_rel);
  }

  std::atomic<std::uint64_t> word_{kOver};  ///< ticket and state
};

}  // namespace alicorn
