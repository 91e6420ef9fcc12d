// A program that a test starts in its own process group. No process of the group outlives the
// object. In tests.
#pragma once

#include "base/clock.hpp"
#include "tests/support/eventually.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn::test {

using Arguments = std::vector<std::string>;

struct Ending {
  int exit_code = -1;  ///< if the program exited
  int signal = 0;      ///< the signal that killed it, or 0
};

class ChildProcess {
 public:
  struct Start {
    Arguments arguments;          ///< the program, found in PATH, comes first
    std::string output_path;      ///< stdout and stderr, appended
    std::string directory = "/";  ///< working directory
    std::vector<std::pair<std::string, std::string>> environment{};  ///< in addition to ours
    std::vector<std::pair<int, int>> descriptors{};  ///< our number, and the number in the child
  };

  /// Descendants whose parents die become our children, so we can wait for them.
  explicit ChildProcess(const Start& start);
  /// Kills and reaps what is left of the group.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// How the program ended, if it ended within the limit. May be called again.
  std::optional<Ending> wait(milliseconds limit = kPatience);
  /// True if the whole group is gone within the limit.
  bool group_ends(milliseconds limit = kPatience);

 private:
  void reap(int options);

  pid_t pid_ = 0;
  std::optional<Ending> ending_;
  bool group_is_gone_ = false;
};

/// Children of a process, oldest first. Leaves out the errand that a master sends now and then, and
/// forks of a master that have no name of their own yet, because they may become an errand.
std::vector<pid_t> children_of(pid_t pid);
bool is_alive(pid_t pid);
/// CPU time of a process so far. /proc counts it in hundredths of a second.
milliseconds cpu_time(pid_t pid);

struct CommandResult {
  Ending ending;  ///< exit code -1 and signal 0 if it did not end in time
  std::string output;
};
/// Runs a program until it ends.
CommandResult run_command(const Arguments& arguments, milliseconds limit = kPatience);
/// What a program has written that must not fail. `what` it was to do: begins the exception's text.
std::string must(const CommandResult& result, const std::string& what);

/// True if the program is in PATH.
bool is_installed(const std::string& program);

}  // namespace alicorn::test
