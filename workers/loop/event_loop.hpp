// The loop that one thread at a time leads, over one epoll descriptor. Each turn handles one thing:
// an event that the kernel has reported, a source that has asked for its turn, or a timer. How
// readiness comes is known here and nowhere above. Worker; all of it on the I/O thread.
//
// A source is registered once, edge-triggered, and keeps what it was told as flags of its own, so
// no operation needs a call of epoll_ctl. A source that is ready when it is asked for something
// calls queue() and has its turn behind what the kernel has already reported: no operation ends
// within the call that began it.
#pragma once

#include "base/clock.hpp"
#include "base/rare_line.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/loop/executor.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <sys/epoll.h>

namespace alicorn {

class LoopTimer;

class EventLoop {
 private:
  /// In a circular list, or in none.
  struct Node {
    Node* next = nullptr;
    Node* previous = nullptr;

    bool is_linked() const { return next != nullptr; }
    void insert_before(Node& other);
    void unlink();
  };

 public:
  /// Something with a descriptor. Before it is destroyed it must be removed or forgotten.
  class Source : private Node {
   public:
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    /// One turn. `events` is what epoll_wait(2) reports, or kTurn. The source may be destroyed in
    /// it.
    virtual void on_events(std::uint32_t events) noexcept = 0;

   protected:
    Source() = default;
    virtual ~Source() = default;
    bool has_turn_due() const { return is_linked(); }

   private:
    friend class EventLoop;
    static constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};
    std::uint32_t slot_ = kNoSlot;
  };
  /// The source has its turn because of queue().
  static constexpr std::uint32_t kTurn = 0;

  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Makes the epoll descriptor. Before any add() and turn().
  Result<void> open();

  /// Registers a descriptor that stays its owner's. False, with errno set: the kernel refuses
  /// (epoll_ctl(2)), or there is no memory; the log has a line about it. Each source has at most
  /// one descriptor.
  bool add(Source& source, int fd, std::uint32_t events);
  /// Other events for a source that was added; what holds now is reported again. False as above.
  bool change(Source& source, int fd, std::uint32_t events);
  /// Ends the registration. Events that were reported before are dropped.
  void remove(Source& source, int fd);
  /// The same for a descriptor that its owner closes next and nobody else holds: the kernel itself
  /// then ends the registration. Also for a source that was never added.
  void forget(Source& source);
  /// Events of a source that was added, and has no turn due, go to another one from now on.
  void replace(Source& source, Source& by) {
    slots_[source.slot_].source = &by;
    by.slot_ = std::exchange(source.slot_, Source::kNoSlot);
  }
  /// Gives the source a turn. Once, however often it is called before that.
  void queue(Source& source) { append(source, queued_); }
  /// The same for a source that moves much data and can wait: its turn comes after everything that
  /// is ready. Between two such turns the kernel is asked again.
  void yield(Source& source) { append(source, yielded_); }

  /// The time of the last epoll_wait(2): what it has reported had come by then. Before the first
  /// one, the time of open().
  MonotonicTime time() const {
    return MonotonicTime(MonotonicTime::duration(time_.load(std::memory_order_relaxed)));
  }
  /// The same, in µs.
  std::uint64_t time_us() const { return time_us_.load(std::memory_order_relaxed); }
  /// That time, or a tick of the kernel ago, whatever is later.
  MonotonicTime recent_time() const { return std::max(time(), now_coarse()); }

  /// Handles one thing, and waits for it if it may. False: there was nothing to handle.
  bool turn(AppExecutor::Wait wait);
  /// What AppExecutor::Hooks::turn is. The loop must outlive the executor.
  std::function<bool(AppExecutor::Wait)> turns() {
    return [this](AppExecutor::Wait wait) { return turn(wait); };
  }

 private:
  friend class LoopTimer;
  /// The kernel keeps a slot's number and generation instead of a pointer: a child of the app may
  /// hold a copy of a descriptor, and the kernel then reports events of a source that is long gone.
  struct Slot {
    Source* source = nullptr;  ///< null: free
    std::uint32_t generation = 0;
    std::uint32_t next_free = 0;
  };
  /// Events that one epoll_wait() returns at most. A signal that comes meanwhile waits for the
  /// turns of all of them.
  static constexpr std::size_t kBatch = 64;

  static void append(Source& source, Node& list) {
    if (!source.is_linked()) source.insert_before(list);
  }
  static bool is_empty(const Node& list) { return list.next == &list; }
  static Source& take_first(Node& list) {
    Source& source = static_cast<Source&>(*list.next);
    source.unlink();
    return source;
  }
  bool control(int operation, int fd, std::uint32_t events, std::uint32_t slot);
  void let_queued_run();
  bool fetch(AppExecutor::Wait wait);
  Source* source_of(const epoll_event& event) const;
  LoopTimer* due_timer();
  int milliseconds_to_timer() const;

  UniqueFd fd_;
  std::vector<Slot> slots_;
  std::uint32_t first_free_ = Source::kNoSlot;
  std::array<epoll_event, kBatch> events_;  // NOLINT: filled by epoll_wait
  int at_ = 0, count_ = 0;                  ///< those of events_ that are not handled yet
  Node due_;                                ///< have their turn before the next epoll_wait()
  Node queued_;                             ///< and after those, or after it
  bool queued_may_run_ = false;             ///< before it: what its events have queued
  Node yielded_;                            ///< one of them after each epoll_wait()
  bool yielded_may_run_ = false;            ///< none has had its turn since
  std::vector<LoopTimer*> timers_;          ///< a few
  /// None of them is due before this.
  MonotonicTime no_timer_until_ = MonotonicTime::max();
  /// Of the last epoll_wait(). Atomic, because a thread whose call has just become late may read
  /// it.
  void note_time(MonotonicTime time) {
    time_.store(time.time_since_epoch().count(), std::memory_order_relaxed);
    time_us_.store(alicorn::to_us(time), std::memory_order_relaxed);
  }

  std::atomic<MonotonicTime::rep> time_{0};
  std::atomic<std::uint64_t> time_us_{0};
  RareLine complaint_;
};

/// Calls a function when a borrowed descriptor is readable. The loop must outlive it.
class ReadableWatch final : private EventLoop::Source {
 public:
  enum class Times { kEach, kOnce };

  ReadableWatch(EventLoop& loop, std::function<void()> on_readable, Times times = Times::kEach)
      : loop_(loop), times_(times), on_readable_(std::move(on_readable)) {}
  ~ReadableWatch() override { stop(); }

  /// The descriptor stays open: it is its owner's.
  Result<void> watch(int fd);

 private:
  void on_events(std::uint32_t events) noexcept override;
  void stop();

  EventLoop& loop_;
  const Times times_;
  const std::function<void()> on_readable_;
  int fd_ = -1;
};

/// Calls a function at a time that may be moved: not before it, and usually less than a millisecond
/// after it. The loop must outlive it.
class LoopTimer {
 public:
  LoopTimer(EventLoop& loop, std::function<void()> on_time);
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;
  ~LoopTimer();

  /// In place of any time that was set before. The function may set the next time.
  void set(MonotonicTime time) {
    // Not before the next epoll_wait(): a timer that sets itself to the past keeps no event out.
    time_ = std::max(time, loop_.time() + MonotonicTime::duration(1));
    loop_.no_timer_until_ = std::min(loop_.no_timer_until_, time_);
  }
  void cancel() { time_ = MonotonicTime::max(); }
  /// MonotonicTime::max(): it is not set, was cancelled, or was called.
  MonotonicTime time() const { return time_; }

 private:
  friend class EventLoop;
  void ring();

  EventLoop& loop_;
  const std::function<void()> on_time_;
  MonotonicTime time_ = MonotonicTime::max();
};

}  // namespace alicorn
