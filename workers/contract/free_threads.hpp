// How many threads of a worker would take a call at once, and how many of them siblings have
// claimed for requests that are on their way. It lies in memory that every worker may write, so
// only where a request waits depends on it. Worker.
#pragma once

#include <atomic>
#include <cstdint>

namespace alicorn {

class FreeThreads {
 public:
  // The worker whose threads they are.

  void publish(std::uint32_t count) { count_.store(count, std::memory_order_relaxed); }
  /// A request for which a thread was claimed has come.
  void note_arrival() { arrived_.fetch_add(1, std::memory_order_relaxed); }
  /// Nothing follows so many of the open claims: siblings have died between claim and message.
  void forget_claims(std::uint32_t count) { arrived_.fetch_add(count, std::memory_order_relaxed); }
  /// Those for which no request has come.
  std::uint32_t open_claims() const {
    return claimed_.load(std::memory_order_relaxed) - arrived_.load(std::memory_order_relaxed);
  }

  // Its siblings.

  bool has_unclaimed() const { return open_claims() < count_.load(std::memory_order_relaxed); }
  /// False: there is none that nobody has claimed.
  bool claim() {
    std::uint32_t claimed = claimed_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint32_t coming = claimed - arrived_.load(std::memory_order_relaxed);
      if (coming >= count_.load(std::memory_order_relaxed)) return false;
      if (claimed_.compare_exchange_weak(claimed, claimed + 1, std::memory_order_relaxed)) {
        return true;
      }
    }
  }
  /// Nothing was sent.
  void give_back() { claimed_.fetch_sub(1, std::memory_order_relaxed); }

  void clear() {
    publish(0);
    forget_claims(open_claims());
  }

 private:
  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> claimed_{0}, arrived_{0};  ///< since ever; both wrap
};

}  // namespace alicorn
