// Detects that a worker has served, lived or grown enough and should be replaced. Worker, I/O
// thread.
#pragma once

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/settings.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace alicorn {

class RecyclingWatch {
 public:
  /// Make this in the worker: it watches the memory size of the process that makes it.
  RecyclingWatch(const WorkerSettings& settings, std::uint64_t seed, MonotonicTime started);

  /// The worker serves from now on. Its replacement will need the same time to start.
  void note_ready(MonotonicTime now);
  /// Called after each request that the app has served. True: look_at_number() is due.
  bool after_request() { return ++served_ >= next_look_at_; }
  /// Tells whether the worker has served max_requests, or, at its present rate, is so close to that
  /// number that a replacement must be started now.
  RecyclingWish look_at_number(MonotonicTime now);
  /// How long a worker that exits waits for idle keep-alive clients. A worker that serves its
  /// number in a moment would otherwise still be there when its replacement exits.
  milliseconds idle_grace(MonotonicTime now, milliseconds most) const;
  /// Checks age and size, and returns the reason for a replacement or "". Looks about once a
  /// second, however often it is called. Resident memory may be free memory: if there is too much,
  /// `trim` is called, and only what is left a second later counts.
  std::string look(MonotonicTime now, const std::function<void()>& trim);

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  void open_statm();
  std::uint64_t resident_size() const;

  const std::uint64_t rss_max_;
  const MonotonicTime started_;
  MonotonicTime ready_at_;
  std::uint64_t requests_max_ = kNever;  ///< jitter included
  std::uint64_t served_ = 0;
  std::uint64_t next_look_at_ = kNever;  ///< value of served_ at the next look
  std::uint64_t last_look_at_ = 0;
  MonotonicTime last_look_;
  MonotonicTime leave_at_{};  ///< jitter included; 0: never
  MonotonicTime next_look_;
  bool has_trimmed_ = false;  ///< the last look found too much and trimmed
  UniqueFd statm_;
};

}  // namespace alicorn
