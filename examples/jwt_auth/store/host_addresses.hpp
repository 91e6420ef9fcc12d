// Which addresses the name of a database's host stands for. A resolver waits as long as it likes:
// it is asked on a thread of its own, and whoever needs the answer waits as long as he can. What
// the stores of a process share: copies are the same. On any thread.
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
    std::vector<std::string> addresses;  ///< as numbers, in the order in which to try them
    std::string error;                   ///< why there are none
  };
  using LookUp = std::function<Answer(const std::string& name)>;
  using Clock = std::function<Deadline::Clock::time_point()>;

  /// The system's resolver.
  HostAddresses();
  /// Both are called on other threads, too, which may outlive this object.
  explicit HostAddresses(LookUp look_up, Clock clock = Deadline::Clock::now);

  /// What is known for less than half a minute, or else is asked anew. If no answer comes within a
  /// second, and a quarter of the time that is left, or none that is good, the last good one
  /// serves. Throws QueryError: there is none.
  std::vector<std::string> of(const std::string& name, Deadline deadline) const;

 private:
  struct Known;
  std::shared_ptr<Known> known_;
};

}  // namespace jwt_auth
