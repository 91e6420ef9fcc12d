// Sees when a worker has served, lived or grown enough and should be replaced. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "workers/settings.hpp"

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace alicorn {

class RecyclingWatch {
 public:
  /// In the worker: the size that is looked at is that of the process which makes this.
  RecyclingWatch(const WorkerSettings& settings, std::uint64_t seed, MonotonicTime started);

  /// After each request that the app has served: why the worker should be replaced now; "": it need
  /// not be.
  std::string_view after_request() {
    ++served_;
    return requests_max_ != 0 && served_ >= requests_max_ ? "max_requests" : std::string_view();
  }
  /// The same, of age and size. Looks about once a second, however often it is called. What is
  /// resident may be free: `trim` is called when there is too much, and only what is left a second
  /// later counts.
  std::string look(MonotonicTime now, const std::function<void()>& trim);

 private:
  void open_statm();
  std::uint64_t resident_size() const;

  const std::uint64_t rss_max_;
  std::uint64_t requests_max_ = 0;  ///< jitter included; 0: never
  std::uint64_t served_ = 0;
  MonotonicTime leave_at_{};  ///< jitter included; 0: never
  MonotonicTime next_look_;
  bool has_trimmed_ = false;  ///< because of the size that the last look found
  UniqueFd statm_;
};

}  // namespace alicorn
