// The old master of a binary upgrade, as the new one sees it: whether it still runs, whether it
// will leave, and the pipe by which the new master reports its progress. Master.
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
  /// At start. Takes the old master's variables out of the environment, and restores stderr.
  static Predecessor from_environment();
  /// In the child that becomes the new master: puts the variables into its environment, and makes
  /// the pipe its stderr. `leaves_within`: the longest that the parent takes to leave once the new
  /// master serves; nothing: the parent stays.
  static void hand_over(pid_t parent, std::optional<milliseconds> leaves_within,
                        const UniqueFd& pipe);
  /// For a master that no other master started.
  Predecessor() = default;

  pid_t pid() const { return pid_; }  ///< 0: there never was one
  bool is_there() const;
  /// Whether the old master leaves once this one serves.
  bool is_to_leave() const { return leaves_within_ > milliseconds{0}; }
  /// The longest that the old master then takes. 1 ms for a binary that is too old to say so.
  milliseconds leaves_within() const { return leaves_within_; }
  /// The old master has hung up: it no longer reads the pipe.
  bool has_hung_up() const;
  /// Says why this master ends before it ever served.
  void say(std::string_view line) const;
  /// False: nobody reads the pipe.
  bool say_serving(const std::vector<int>& superseded) const;
  /// A descriptor that no child may keep; -1: there is none.
  int fd() const { return pipe_.get(); }

 private:
  bool write(std::string_view text) const;

  pid_t pid_ = 0;
  milliseconds leaves_within_{0};  ///< 0: the old master does not leave
  UniqueFd pipe_;
};

}  // namespace alicorn
