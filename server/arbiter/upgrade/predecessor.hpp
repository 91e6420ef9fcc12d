// The old master of a binary upgrade, as the new one sees it: whether it is there, whether it
// leaves, and the pipe by which it hears how this one gets on. Master.
#pragma once

#include "base/clock.hpp"
#include "base/unique_fd.hpp"

#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Predecessor {
 public:
  /// At start. Takes the old master's variables out of the environment, and stderr back from it.
  static Predecessor from_environment();
  /// In the child that becomes the new master: they are in its environment, and stderr is the pipe.
  /// `leaves_within`: the longest that the parent takes once the new one serves; nothing: it stays.
  static void hand_over(pid_t parent, std::optional<milliseconds> leaves_within,
                        const UniqueFd& pipe);
  /// Of a master that no other has started.
  Predecessor() = default;

  pid_t pid() const { return pid_; }  ///< 0: there never was one
  bool is_there() const;
  /// Once this one serves.
  bool is_to_leave() const { return leaves_within_ > milliseconds{0}; }
  /// The longest that it takes then. A binary from before it said so: 1 ms.
  milliseconds leaves_within() const { return leaves_within_; }
  /// It has given this one up: it listens no more.
  bool has_hung_up() const;
  /// Why this one ends, before it ever served.
  void say(std::string_view line) const;
  /// False: nobody listens.
  bool say_serving(const std::vector<int>& superseded) const;
  /// What no child may keep; -1: there is none.
  int fd() const { return pipe_.get(); }

 private:
  bool write(std::string_view text) const;

  pid_t pid_ = 0;
  milliseconds leaves_within_{0};  ///< 0: it does not leave
  UniqueFd pipe_;
};

}  // namespace alicorn
