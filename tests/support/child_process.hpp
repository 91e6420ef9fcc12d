// A program that a test starts, in a process group of its own; nothing of the group outlives it. In
// tests.
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
  int exit_code = -1;  ///< of a program that exited
  int signal = 0;      ///< that killed it
};

class ChildProcess {
 public:
  struct Start {
    Arguments arguments;          ///< the program first, found in PATH
    std::string output_path;      ///< stdout and stderr, appended
    std::string directory = "/";  ///< where it runs
    std::vector<std::pair<std::string, std::string>> environment{};  ///< on top of the test's
    std::vector<std::pair<int, int>> descriptors{};  ///< ours, and its number in the child
  };

  /// Its children, when their parents die, become ours: they can be waited for.
  explicit ChildProcess(const Start& start);
  /// Kills what is left of the group, and reaps it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// How it ended, if it did within the limit. May be asked again.
  std::optional<Ending> wait(milliseconds limit = kPatience);
  /// Whether the whole group is gone within the limit.
  bool group_ends(milliseconds limit = kPatience);

 private:
  void reap(int options);

  pid_t pid_ = 0;
  std::optional<Ending> ending_;
  bool group_is_gone_ = false;
};

/// Children of a process, oldest first. But for the one that a master sends on an errand now and
/// then, and forks of a master that have no name of their own yet: they may become that one.
std::vector<pid_t> children_of(pid_t pid);
bool is_alive(pid_t pid);
/// Of a process, so far; /proc counts it in hundredths of a second.
milliseconds cpu_time(pid_t pid);

struct CommandResult {
  Ending ending;  ///< exit code -1 and signal 0: it did not end in time
  std::string output;
};
/// Runs a program to its end.
CommandResult run_command(const Arguments& arguments, milliseconds limit = kPatience);

/// Whether the program is in PATH.
bool is_installed(const std::string& program);

}  // namespace alicorn::test
