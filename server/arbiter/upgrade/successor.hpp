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
  /// Readable when the new master says something; -1: nothing more will come.
  int fd() const { return pipe_.get(); }

  /// Reads what the new master has said. True when it says, for the first time, that it serves.
  bool listen();
  /// The descriptors of the listeners that a serving new master does not use.
  const std::vector<int>& superseded() const { return superseded_; }
  /// Stops listening. The new master sees that, and no longer relies on what it says.
  void hang_up() { pipe_.reset(); }

  /// The last line of a new master that never served; "": it said nothing.
  std::string last_words() const;

 private:
  pid_t pid_ = 0;
  UniqueFd pipe_;
  std::string heard_;  ///< the last part of it: stderr, and what upgrade_message.hpp has
  std::vector<int> superseded_;
  bool has_served_ = false;
};

}  // namespace alicorn
