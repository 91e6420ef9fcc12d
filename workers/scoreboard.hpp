// Anonymous shared memory: the workers write, the master reads. Mapped by the master before any
// fork, so it survives a worker's death: the master can name the request that hung or crashed it.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "workers/crash_record.hpp"
#include "workers/request_file.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

enum class WorkerState : std::uint32_t { kEmpty, kStarting, kReady, kDraining };

/// How much a worker wishes to be replaced. A wish only grows.
enum class RecyclingWish : std::uint32_t {
  kNone,
  kInPassing,    ///< max_requests, or the app asks: it serves as well as before
  kCannotServe,  ///< requests hang in it: it takes no new connections
};

/// How open a worker is for a new client, in rising order.
enum class Openness : std::uint32_t {
  kClosed,  ///< takes none: not ready, leaving, full, or it cannot serve
  kBusy,    ///< every thread that may run the app is out
  kFree,    ///< a thread would take the client's request at once
};

/// One per worker slot. Its worker alone writes it, but for reset(), which the master calls before
/// the fork, and for the master's orders.
struct alignas(64) WorkerSlot {
  std::atomic<WorkerState> state{WorkerState::kEmpty};
  std::atomic<std::uint32_t> generation{0};
  /// CLOCK_MONOTONIC µs of the I/O loop's last sweep: says that the *loop* lives, nothing about a
  /// blocking app.
  std::atomic<std::uint64_t> heartbeat_us{0};
  std::atomic<std::uint64_t> requests{0};     ///< answered
  std::atomic<std::uint64_t> connections{0};  ///< open now
  std::atomic<std::uint64_t> accepted{0};
  /// For its siblings, which accept from the same listeners.
  std::atomic<Openness> openness{Openness::kClosed};
  /// CLOCK_MONOTONIC µs: when a thread last came back from the app while others waited for one.
  std::atomic<std::uint64_t> thread_freed_us{0};
  std::atomic<RecyclingWish> recycling_wish{RecyclingWish::kNone};
  std::atomic<std::uint64_t> log_lines_dropped{0};
  std::atomic<std::uint64_t> losses_untold{0};  ///< of these, those that its log has not told of
  std::atomic<std::uint64_t> syslog_losses_untold{0};
  std::atomic<std::uint64_t> access_lines_dropped{0};
  /// An order of the master's, see order_log_level(). 0: as it was born.
  std::atomic<std::uint32_t> log_level_order{0};
  /// Another, given before the one to leave. Bit i: the worker's i-th listener goes on with other
  /// workers, so that who waits there is theirs. What has no bit is to be taken to the last client.
  std::atomic<std::uint64_t> listeners_of_others{0};
  static constexpr std::size_t kListenersTold = 64;  ///< those behind have no bit
  /// Why it did not boot; one line, written before it exits.
  char boot_error[500]{};
  KeptRequest kept_request;
  /// 1: the app's file was written over while this worker, which has crashed, ran it.
  std::atomic<std::uint32_t> app_written_over{0};

  /// Master: what was dropped is on its own account now, or nobody's.
  void forget_drops() {
    for (auto* count :
         {&log_lines_dropped, &losses_untold, &syslog_losses_untold, &access_lines_dropped}) {
      count->store(0, std::memory_order_relaxed);
    }
  }
  /// Master: the heartbeat, whatever stands there. What lies ahead of us is no worker's word.
  MonotonicTime last_beat(MonotonicTime now) const {
    const std::uint64_t beat_us = heartbeat_us.load(std::memory_order_relaxed);
    return beat_us < to_us(now) ? MonotonicTime(microseconds(beat_us)) : now;
  }
  bool is_of_others(std::size_t listener) const {
    const std::uint64_t bits = listeners_of_others.load(std::memory_order_relaxed);
    return listener < kListenersTold && (bits >> listener & 1U) != 0;
  }
  /// The worker takes it with its next sweep.
  void order_log_level(log::Level level) {
    log_level_order.store(static_cast<std::uint32_t>(level) + 1, std::memory_order_relaxed);
  }
};

/// One per app call in flight.
struct alignas(64) CallSlot {
  std::atomic<std::uint32_t> busy{0};  ///< stored last, with release; cleared first
  std::atomic<std::uint32_t> thread{
      0};  ///< tid of the app thread that runs it now; 0: none (deferred, waiting)
  std::atomic<std::uint64_t> started_us{0};
  /// Set with the first use ever; workers use them in order, so the first one without it ends them.
  std::atomic<std::uint32_t> was_used{0};
  std::atomic<std::uint32_t> annotations_size{0};  ///< stored last, with release; only grows
  char method[16];
  char request_id[48];
  char peer[48];
  char path[120];
  char annotations[256];  ///< "name=value, name=value", without a NUL; what does not fit is cut

  void fill(std::string_view new_method, std::string_view new_path, std::string_view new_request_id,
            std::string_view new_peer, std::uint64_t new_started_us) noexcept;
  /// On the app's threads, one at a time. What a reader has been shown stays as it is.
  void annotate(std::string_view name, std::string_view value) noexcept;
  void clear() noexcept { busy.store(0, std::memory_order_release); }
};
static_assert(sizeof(CallSlot) == 512);

/// A copy of one CallSlot, as the master reports it.
struct CallReport {
  std::string method, path, request_id, peer;
  std::uint64_t started_us = 0;
  pid_t thread = 0;
  std::string annotations{};
};

class Scoreboard {
 public:
  /// Slots are virtual memory until they are touched.
  static Result<Scoreboard> create(std::uint32_t worker_slots, std::uint32_t calls_per_worker);
  Scoreboard(Scoreboard&& other) noexcept;
  Scoreboard& operator=(Scoreboard&&) = delete;
  ~Scoreboard();

  std::uint32_t worker_slots() const { return worker_slots_; }
  std::uint32_t calls_per_worker() const { return calls_per_worker_; }
  WorkerSlot& worker(std::uint32_t slot) { return workers_[slot]; }
  const WorkerSlot& worker(std::uint32_t slot) const { return workers_[slot]; }
  CallSlot& call(std::uint32_t slot, std::uint32_t index) {
    return calls_[slot * std::size_t{calls_per_worker_} + index];
  }

  /// Those that a worker of this slot has ever used: a look at the others would cost their memory.
  std::span<CallSlot> used_calls(std::uint32_t slot) const;

  /// Master, before a fork: an empty slot in state kStarting whose heartbeat is now.
  void reset(std::uint32_t slot, std::uint32_t generation, MonotonicTime now);
  /// Master: what the worker of this slot was serving, dead or alive; oldest first, at most
  /// `limit`.
  std::vector<CallReport> calls_in_flight(std::uint32_t slot, std::size_t limit = 64) const;
  std::size_t count_in_flight(std::uint32_t slot) const;
  /// Worker: where it writes how it crashed.
  CrashRecord& crash(std::uint32_t slot) { return crashes_[slot]; }
  /// Master, when the worker is gone.
  CrashReport crash_report(std::uint32_t slot) const;
  void set_boot_error(std::uint32_t slot, std::string_view reason) noexcept;
  std::string boot_error(std::uint32_t slot) const;

 private:
  /// The slots, and before and behind them a page that nobody may touch.
  struct Mapping {
    void* start = nullptr;
    std::size_t size = 0;
  };
  Scoreboard(Mapping mapping, void* slots, std::uint32_t worker_slots,
             std::uint32_t calls_per_worker);
  Mapping mapping_;
  std::uint32_t worker_slots_;
  std::uint32_t calls_per_worker_;
  WorkerSlot* workers_;
  CallSlot* calls_;
  CrashRecord* crashes_;
};

}  // namespace alicorn
