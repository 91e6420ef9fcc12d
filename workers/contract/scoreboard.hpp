// Shared memory in which one worker reports to its master: the worker writes, the master reads. The
// memory survives the worker, so that the master can name the request that hung or crashed it.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/crash_record.hpp"
#include "workers/contract/kept_request.hpp"
#include "workers/contract/sizes.hpp"
#include "workers/contract/worker_state.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

/// One per worker. Only the worker writes it, except for the master's orders. The worker runs app
/// code, so the master trusts nothing here: every member may have any value.
struct alignas(64) WorkerSlot {
  std::atomic<WorkerState> state{WorkerState::kEmpty};
  /// CLOCK_MONOTONIC µs of the last sweep. It shows that the *I/O loop* is alive; it says nothing
  /// about a blocking app.
  std::atomic<std::uint64_t> heartbeat_us{0};
  std::atomic<std::uint64_t> requests{0};  ///< answered
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> handed_over{0};  ///< clients that other workers have taken over
  std::atomic<RecyclingWish> recycling_wish{RecyclingWish::kNone};
  std::atomic<std::uint64_t> log_lines_dropped{0};
  std::atomic<std::uint64_t> losses_untold{0};  ///< the part of these that its log has not reported
  std::atomic<std::uint64_t> syslog_losses_untold{0};
  std::atomic<std::uint64_t> access_lines_dropped{0};
  /// An order of the master; see order_log_level(). 0: keep the level from the start.
  std::atomic<std::uint32_t> log_level_order{0};
  /// Another order, given before the order to stop. If bit i is set, other workers continue to
  /// serve this worker's listener i, and the clients waiting there are theirs. If bit i is clear,
  /// this worker must accept every client that waits there.
  std::atomic<std::uint64_t> listeners_of_others{0};
  static constexpr std::size_t kListenersTold = 64;  ///< further listeners have no bit
  /// A worker forked by a zygote waits until the master has stored its pid here.
  std::atomic<std::int32_t> admitted{0};
  /// Why the worker did not boot. One line, written before it exits.
  char boot_error[500]{};
  KeptRequest kept_request;
  /// 1: this worker crashed, and the app's file was overwritten while the worker ran it.
  std::atomic<std::uint32_t> app_written_over{0};

  /// For the master: the wish, or kNone if the slot holds an invalid value.
  RecyclingWish wish() const {
    const RecyclingWish wish = recycling_wish.load(std::memory_order_relaxed);
    return wish <= RecyclingWish::kCannotServe ? wish : RecyclingWish::kNone;
  }
  /// For the master: the heartbeat. A time in the future is invalid and counts as `now`.
  MonotonicTime last_beat(MonotonicTime now) const {
    const std::uint64_t beat_us = heartbeat_us.load(std::memory_order_relaxed);
    return beat_us < to_us(now) ? MonotonicTime(microseconds(beat_us)) : now;
  }
  bool is_of_others(std::size_t listener) const {
    const std::uint64_t bits = listeners_of_others.load(std::memory_order_relaxed);
    return listener < kListenersTold && (bits >> listener & 1U) != 0;
  }
  /// The worker obeys in its next sweep.
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
  /// Set on first use and never cleared. Workers use slots in order, so the first slot without it
  /// ends the list.
  std::atomic<std::uint32_t> was_used{0};
  std::atomic<std::uint32_t> annotations_size{0};  ///< stored last, with release; only grows
  char method[16];
  char request_id[48];
  char peer[48];
  char path[120];
  char annotations[256];  ///< "name=value, name=value" without a NUL, cut to fit

  void fill(std::string_view new_method, std::string_view new_path, std::string_view new_request_id,
            std::string_view new_peer, std::uint64_t new_started_us) noexcept;
  /// Called on the app's threads, one at a time. Never changes what a reader may already have seen.
  void annotate(std::string_view name, std::string_view value) noexcept;
  void clear() noexcept { busy.store(0, std::memory_order_release); }
};
static_assert(sizeof(CallSlot) == 512);

/// A copy of one CallSlot, for the master's report.
struct CallReport {
  std::string method, path, request_id, peer;
  std::uint64_t started_us = 0;
  pid_t thread = 0;
  std::string annotations{};
};

/// The memory that one worker shares with its master. No other worker has access.
class WorkerBoard {
 public:
  /// How the worker gets access.
  enum class Sharing {
    kByFork,        ///< it is forked from the process that creates the board
    kByDescriptor,  ///< it is forked from another process, and is sent the descriptor
  };

  /// Creates an empty board in state kStarting whose heartbeat is `now`.
  static Result<WorkerBoard> create(MonotonicTime now, Sharing sharing = Sharing::kByFork,
                                    std::uint32_t calls_max = kCallsMax);
  /// In the worker: maps the board that another process created for the same number of calls. `fd`
  /// is borrowed.
  static Result<WorkerBoard> map(int fd, std::uint32_t calls_max = kCallsMax);
  WorkerBoard(WorkerBoard&& other) noexcept;
  WorkerBoard& operator=(WorkerBoard&&) = delete;
  ~WorkerBoard();

  /// Children forked after this call do not inherit the mapping.
  void keep_from_children() const;
  /// The descriptor to send to the worker. Empty if it has been taken already, or for kByFork.
  UniqueFd take_fd() { return std::move(fd_); }

  std::uint32_t calls_max() const { return calls_max_; }
  WorkerSlot& worker() { return *worker_; }
  const WorkerSlot& worker() const { return *worker_; }
  CallSlot& call(std::uint32_t index) { return calls_[index]; }
  CallSlot* calls() { return calls_; }
  /// In the worker: the record to fill when it crashes.
  CrashRecord& crash() { return *crash_; }

  /// The slots that the worker has ever used. Reading the others would turn their addresses into
  /// memory.
  std::span<CallSlot> used_calls() const;
  /// For the master: what the worker was serving, dead or alive; oldest first, at most `limit`.
  std::vector<CallReport> calls_in_flight(std::size_t limit = 64) const;
  std::size_t count_in_flight() const;
  /// For the master, after the worker is gone.
  CrashReport crash_report() const;

  void set_boot_error(std::string_view reason) noexcept;
  std::string boot_error() const;

 private:
  /// The slots, with an inaccessible page before and behind them.
  struct Mapping {
    void* start = nullptr;
    std::size_t size = 0;
  };
  WorkerBoard(Mapping mapping, std::uint32_t calls_max);

  Mapping mapping_;
  UniqueFd fd_;
  std::uint32_t calls_max_;
  WorkerSlot* worker_;
  CrashRecord* crash_;
  CallSlot* calls_;
};

}  // namespace alicorn
