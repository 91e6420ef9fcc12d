// Sees when a worker has served, lived or grown enough and should be replaced. Worker, I/O thread.
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
  /// In the worker: the size that is looked at is that of the process which makes this.
  RecyclingWatch(const WorkerSettings& settings, std::uint64_t seed, MonotonicTime started);

  /// The worker serves from now on. What it took to get so far it takes its replacement, too.
  void note_ready(MonotonicTime now);
  /// After each request that the app has served. True: look_at_number() is due.
  bool after_request() { return ++served_ >= next_look_at_; }
  /// Whether the worker has served max_requests, or is so near to it, at the present rate, that a
  /// replacement has to be started now.
  RecyclingWish look_at_number(MonotonicTime now);
  /// How long a worker that leaves waits for clients that are between two requests. One that serves
  /// its number in a moment would else be still there when its replacement leaves.
  milliseconds idle_grace(MonotonicTime now, milliseconds most) const;
  /// The same, of age and size. Looks about once a second, however often it is called. What is
  /// resident may be free: `trim` is called when there is too much, and only what is left a second
  /// later counts.
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
  std::uint64_t next_look_at_ = kNever;  ///< so many served
  std::uint64_t last_look_at_ = 0;
  MonotonicTime last_look_;
  MonotonicTime leave_at_{};  ///< jitter included; 0: never
  MonotonicTime next_look_;
  bool has_trimmed_ = false;  ///< because of the size that the last look found
  UniqueFd statm_;
};

}  // namespace alicorn
