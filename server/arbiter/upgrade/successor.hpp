// The new master of a binary upgrade, as the old one hears it: what it says through its pipe.
// Master.
#pragma once

#include "base/unique_fd.hpp"

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Successor {
 public:
  Successor() = default;
  Successor(pid_t pid, UniqueFd pipe) : pid_(pid), pipe_(std::move(pipe)) {}

  pid_t pid() const { return pid_; }  ///< 0: there is none
  /// Readable when it says something; -1: nothing more is to be heard.
  int fd() const { return pipe_.get(); }

  /// Reads what it has said. Whether that is, for the first time, that it serves.
  bool listen();
  /// Of one that serves: the descriptors of the listeners that it does without.
  const std::vector<int>& superseded() const { return superseded_; }
  /// Nobody listens to it any more, and it sees that: what it may say from now on, it does not rely
  /// on.
  void hang_up() { pipe_.reset(); }

  /// The last line of one that never served; "": it said nothing.
  std::string last_words() const;

 private:
  pid_t pid_ = 0;
  UniqueFd pipe_;
  std::string heard_;  ///< the end of it: lines of its stderr, and what upgrade_message.hpp has
  std::vector<int> superseded_;
  bool has_served_ = false;
};

}  // namespace alicorn
