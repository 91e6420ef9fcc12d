// How much memory the bodies of a worker's requests may take together. A body that needs more than
// is left waits, and TCP holds its client back. One body at a time may always grow, so that there
// is always an end to wait for. Newcomers queue behind those that wait. No body waits for ever, and
// one that holds memory which others wait for must make progress. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "base/rare_line.hpp"
#include "workers/loop/executor.hpp"
#include "workers/net/minimum_rate.hpp"

#include <cstddef>
#include <cstdint>

namespace alicorn {

class BodyBudget final : private Delivery {
 public:
  /// One body's part of the budget.
  class Share {
   public:
    Share() = default;
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    virtual ~Share() = default;
    virtual void on_room() noexcept = 0;  ///< it may_grow() now, or soon: ask again

   private:
    friend class BodyBudget;
    std::uint64_t size_ = 0;
    bool waits_ = false;
    bool is_called_ = false;           ///< it has waited, and was notified of room
    std::uint64_t wait_begin_us_ = 0;  ///< 0: it has grown enough since it last waited
    std::uint64_t wait_begin_size_ = 0;
    MinimumRate rate_;  ///< judged while others wait
    Share* previous_ = nullptr;
    Share* next_ = nullptr;
  };
  /// A body waits only if it is larger: small requests are served whatever large ones do.
  static constexpr std::uint64_t kSmallBody = 64 * 1024;
  /// The minimum rate, in bytes a second, of a body for whose memory others wait. It is half of the
  /// slowest line that people send files over (ADSL's 512 kbit/s), and still high enough that no
  /// body of 16 MiB (the default limit) keeps its memory longer than nine minutes. With only
  /// body_timeout, one byte in each such period would keep it for years.
  static constexpr std::uint64_t kContendedRate = 32 * 1024;

  /// `limit`: bytes; 0: none. `patience`: body_timeout; 0: none.
  BodyBudget(std::uint64_t limit, milliseconds patience) : limit_(limit), patience_(patience) {}
  /// on_room() is delivered through this executor, never from inside another call.
  void set_executor(AppExecutor& executor) { executor_ = &executor; }

  /// False: not now; on_room() will tell when.
  bool may_grow(Share& share);
  /// When a waiting share must give up; 0: never. Turns that bring it little do not postpone this
  /// time. Otherwise a client that sends a byte now and then could wait, with all its memory, for
  /// as long as it likes.
  std::uint64_t wait_end_us(const Share& share) const;
  /// Asked with each sweep while the client is being read from: does the share keep memory that
  /// others wait for, without filling it?
  bool is_too_slow(Share& share, std::uint64_t now_us) const;
  void set_size(Share& share, std::uint64_t size);
  /// How many bytes can be had without waiting.
  std::uint64_t room() const;
  /// The share's memory is free again, or it needs no more.
  void release(Share& share);
  std::uint64_t total() const { return total_; }

 private:
  void on_delivered() noexcept override;
  bool has_place() const;
  void call_waiting();
  void enqueue(Share& share);
  void remove(Share& share);
  void complain(std::uint64_t now_us);

  const std::uint64_t limit_;
  const milliseconds patience_;
  AppExecutor* executor_ = nullptr;
  std::uint64_t total_ = 0;
  Share* exempt_ = nullptr;  ///< this share may grow beyond the limit, until it is released
  Share* first_ = nullptr;   ///< the queue of waiting shares, the longest wait first
  Share* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool is_told_ = false;
  RareLine complaint_;
};

}  // namespace alicorn
