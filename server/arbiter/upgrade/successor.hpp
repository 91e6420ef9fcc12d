// The new master of a binary upgrade, as the old one sees it: what it says through its pipe, and by
// when it has to serve. Master.
#pragma once

#include "base/clock.hpp"
#include "base/unique_fd.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Successor {
 public:
  enum class Stage {
    kNone,
    kStarting,
    kServing,    ///< it has said so
    kDismissed,  ///< told to end
    kKilled,     ///< it was still there after its grace
  };

  Successor() = default;
  Successor(pid_t pid, UniqueFd pipe, MonotonicTime serves_by)
      : pid_(pid), stage_(Stage::kStarting), pipe_(std::move(pipe)), deadline_(serves_by) {}

  pid_t pid() const { return pid_; }  ///< 0: there is none
  Stage stage() const { return stage_; }
  /// Its end is awaited, and nothing else of it.
  bool is_dismissed() const { return stage_ == Stage::kDismissed || stage_ == Stage::kKilled; }
  /// Readable when it says something; -1: nothing more is to be heard.
  int fd() const { return pipe_.get(); }

  /// Reads what it has said. Whether that is, for the first time, that it serves.
  bool listen();
  /// Of one that serves: the descriptors of the listeners that it does without.
  const std::vector<int>& superseded() const { return superseded_; }
  /// It did not serve in time.
  bool is_late(MonotonicTime now) const;
  /// Told by a signal, and by SIGKILL if it is still there after the grace. Nobody listens to it
  /// any more, and it sees that: what it may say from now on, it does not rely on.
  void dismiss(int number, MonotonicTime now, milliseconds grace);
  void kill_if_it_stays(MonotonicTime now);
  /// Not even SIGKILL has ended it in time: nobody is to wait for it any more.
  bool is_stuck(MonotonicTime now) const;
  std::optional<MonotonicTime> next_event() const { return deadline_; }

  /// The last line of one that never served; "": it said nothing.
  std::string last_words() const;

 private:
  pid_t pid_ = 0;
  Stage stage_ = Stage::kNone;
  UniqueFd pipe_;
  std::string heard_;  ///< the end of it: lines of its stderr, and what upgrade_message.hpp has
  std::vector<int> superseded_;
  bool has_served_ = false;
  std::optional<MonotonicTime> deadline_;  ///< of its stage
};

}  // namespace alicorn
