// The addresses behind the name of a database's host. A resolver may wait for any length of time,
// so it runs on a thread of its own, and callers wait for it only as long as they can. The stores
// of a process share one: copies refer to the same state. On any thread.
#pragma once

#include "store/deadline.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jwt_auth {

class HostAddresses {
 public:
  struct Answer {
    std::vector<std::string> addresses;  ///< numeric, in the order in which to try them
    std::string error;                   ///< why there are none
  };
  using LookUp = std::function<Answer(const std::string& name)>;
  using Clock = std::function<Deadline::Clock::time_point()>;

  /// The system's resolver.
  HostAddresses();
  /// Both functions are also called on other threads, which may outlive this object.
  explicit HostAddresses(LookUp look_up, Clock clock = Deadline::Clock::now);

  /// Returns known addresses for half a minute, then looks the name up again. If a second, or a
  /// quarter of the remaining time, passes without a good answer, the last good one is used. Throws
  /// QueryError if there is none.
  std::vector<std::string> of(const std::string& name, Deadline deadline) const;

 private:
  struct Known;
  std::shared_ptr<Known> known_;
};

}  // namespace jwt_auth
