// Tracks whether a worker's database answers at all, so that a silent one does not hold all of the
// worker's threads. While it is silent, one call at a time tests whether it is back, and the others
// fail at once. One per process, on any thread.
#pragma once

#include "store/deadline.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>

namespace jwt_auth {

class Silence {
 public:
  using Clock = std::function<Deadline::Clock::time_point()>;

  /// `timeout`: the time of a call.
  explicit Silence(milliseconds timeout, Clock clock = Deadline::Clock::now)
      : timeout_(timeout), clock_(std::move(clock)) {}

  /// The permission to ask the database.
  struct Leave {
    milliseconds time{0};        ///< for the whole call
    std::uint64_t silences = 0;  ///< the number of silences before this call
    bool is_probe = false;
    Deadline::Clock::time_point since{};
  };
  /// Throws StoreUnavailable. Must be followed by exactly one of the two calls below.
  Leave ask(std::string_view operation);
  /// The database responded, even if only with an error.
  void answered(const Leave& leave);
  /// The database did not respond within the time.
  void unanswered(const Leave& leave);

 private:
  const milliseconds timeout_;
  const Clock clock_;

  std::mutex mutex_;
  bool is_silent_ = false;
  bool is_probed_ = false;
  int failed_probes_ = 0;
  std::uint64_t silences_ = 0;
  Deadline::Clock::time_point last_answer_{};
};

}  // namespace jwt_auth
