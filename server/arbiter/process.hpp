// Child processes: the only place that forks, kills and reaps. Master.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <sys/types.h>

namespace alicorn {

/// How a child ended, as waitpid told.
struct ExitReport {
  pid_t pid = 0;
  int exit_code = 0;  ///< of a child that exited
  int signal = 0;     ///< that killed it; 0: it exited
  bool core = false;  ///< it left a core
};

struct WorkerSpawn {
  std::string name;   ///< "worker 3": in its log lines
  std::string title;  ///< in ps
  std::vector<int>
      close_in_child;         ///< the master's own descriptors, the lifeline's write end first
  std::function<int()> body;  ///< runs in the child; gives its exit code
};

/// Forks a worker and runs its body in a process that no longer is a master. Returns in the master
/// alone.
Result<pid_t> spawn_worker(const WorkerSpawn& spawn);

/// In a zygote: forks a worker that becomes a child of `master`, the zygote's own parent, which
/// must be a subreaper. Its body runs when that is done.
struct WorkerRelay {
  pid_t master;
  std::function<bool()> announce;  ///< in the worker: tells the master its pid; false: cannot
};
Result<void> spawn_worker_for(const WorkerRelay& relay, const WorkerSpawn& spawn);

/// This process becomes the parent of all orphans among its descendants.
Result<void> adopt_orphans();

struct ProgramSpawn {
  std::string program;  ///< without a "/": looked for in PATH
  std::vector<std::string> arguments;
  std::string directory;              ///< where it starts
  std::vector<int> inherited;         ///< descriptors that survive the exec
  std::function<void()> before_exec;  ///< runs in the child: sets its environment
};

/// Forks and executes a program, with no signal blocked or ignored. A program
/// that cannot be executed leaves a log line and exit code 127.
Result<pid_t> spawn_program(const ProgramSpawn& spawn);

/// A bare fork, for daemonize(): 0 in the child.
Result<pid_t> fork_in_two();

/// In a worker, before it runs anything that may get stuck: it ends soon after its master, whatever
/// it is doing. The lifeline comes first, and is the gentle way: a worker that reads it has left
/// before. A change of user undoes this: call it after.
void die_soon_after(pid_t parent);

/// Refuses what kill() would take for a whole group of processes.
bool send_signal(pid_t pid, int number);

/// In a child, before it executes a program: signal_group() reaches it and what it starts.
void lead_own_group();
/// To a child that leads a group of its own, and was not reaped yet.
bool signal_group(pid_t leader, int number);

/// Every child that has ended, without waiting for any.
std::vector<ExitReport> reap_children();

/// "SIGSEGV"
std::string signal_name(int number);

}  // namespace alicorn
