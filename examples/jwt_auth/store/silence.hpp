// Whether a worker's database answers at all, so that a silent one does not hold all of the
// worker's threads: while it is silent one call at a time finds out whether it is back, and the
// others fail at once. One per process, on any thread.
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

  /// `timeout`: of a call.
  explicit Silence(milliseconds timeout, Clock clock = Deadline::Clock::now)
      : timeout_(timeout), clock_(std::move(clock)) {}

  /// To ask the database.
  struct Leave {
    milliseconds time{0};        ///< for the whole call
    std::uint64_t silences = 0;  ///< that have begun before it
    bool is_probe = false;
    Deadline::Clock::time_point since{};
  };
  /// Throws StoreUnavailable. To be followed by exactly one of the two below.
  Leave ask(std::string_view operation);
  /// The database has said something, if only that it cannot.
  void answered(const Leave& leave);
  /// It has said nothing within the time.
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
