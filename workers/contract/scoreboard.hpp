// What a worker tells its master: shared memory of its own, which the worker writes and the master
// reads. It survives the worker, so that the master can name the request that hung or crashed it.
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

/// One per worker. Its worker alone writes it, but for the master's orders. The worker runs an
/// application's code, and the master believes nothing of what stands here: any value may.
struct alignas(64) WorkerSlot {
  std::atomic<WorkerState> state{WorkerState::kEmpty};
  /// CLOCK_MONOTONIC µs of the I/O loop's last sweep: says that the *loop* lives, nothing about a
  /// blocking app.
  std::atomic<std::uint64_t> heartbeat_us{0};
  std::atomic<std::uint64_t> requests{0};  ///< answered
  std::atomic<std::uint64_t> accepted{0};
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
  /// A worker of a zygote runs on when its master has put its pid here.
  std::atomic<std::int32_t> admitted{0};
  /// Why it did not boot; one line, written before it exits.
  char boot_error[500]{};
  KeptRequest kept_request;
  /// 1: the app's file was written over while this worker, which has crashed, ran it.
  std::atomic<std::uint32_t> app_written_over{0};

  /// Master: the wish, whatever stands there.
  RecyclingWish wish() const {
    const RecyclingWish wish = recycling_wish.load(std::memory_order_relaxed);
    return wish <= RecyclingWish::kCannotServe ? wish : RecyclingWish::kNone;
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

/// The memory that one worker and its master share. No other worker has it.
class WorkerBoard {
 public:
  /// How the worker comes to have it.
  enum class Sharing {
    kByFork,        ///< it is forked from the process that makes this
    kByDescriptor,  ///< it is forked from another one, and gets fd() sent
  };

  /// Empty, in state kStarting, with a heartbeat of now.
  static Result<WorkerBoard> create(MonotonicTime now, Sharing sharing = Sharing::kByFork,
                                    std::uint32_t calls_max = kCallsMax);
  /// In the worker: the one that another process has made, for as many calls. `fd` is borrowed.
  static Result<WorkerBoard> map(int fd, std::uint32_t calls_max = kCallsMax);
  WorkerBoard(WorkerBoard&& other) noexcept;
  WorkerBoard& operator=(WorkerBoard&&) = delete;
  ~WorkerBoard();

  /// Children that this process forks from now on do without.
  void keep_from_children() const;
  /// To be sent to the worker, once; none: it has been taken, or the sharing is by fork.
  UniqueFd take_fd() { return std::move(fd_); }

  std::uint32_t calls_max() const { return calls_max_; }
  WorkerSlot& worker() { return *worker_; }
  const WorkerSlot& worker() const { return *worker_; }
  CallSlot& call(std::uint32_t index) { return calls_[index]; }
  CallSlot* calls() { return calls_; }
  /// Worker: where it writes how it crashed.
  CrashRecord& crash() { return *crash_; }

  /// Those that the worker has ever used: a look at the others would cost their memory.
  std::span<CallSlot> used_calls() const;
  /// Master: what the worker was serving, dead or alive; oldest first, at most `limit`.
  std::vector<CallReport> calls_in_flight(std::size_t limit = 64) const;
  std::size_t count_in_flight() const;
  /// Master, when the worker is gone.
  CrashReport crash_report() const;

  void set_boot_error(std::string_view reason) noexcept;
  std::string boot_error() const;

 private:
  /// The slots, and before and behind them a page that nobody may touch.
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
