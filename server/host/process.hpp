// Child processes: the only place that forks and reaps, and that signals other processes. These may
// fork: Spawner and ZygoteSpawner (spawn_worker), Errands (spawn_worker, as their default), a
// zygote (spawn_worker_for), Upgrade, HookRunner, `alicorn check` and --check-config
// (spawn_program, run_program), and daemonize() (fork_in_two). Master, zygote, `alicorn check`.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "server/host/exit_report.hpp"
#include "workers/contract/stop_times.hpp"

#include <functional>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/types.h>

namespace alicorn {

struct WorkerSpawn {
  std::string name;   ///< "worker 3": in its log lines
  std::string title;  ///< in ps
  std::vector<int>
      close_in_child;         ///< the master's own descriptors, the lifeline's write end first
  std::function<int()> body;  ///< runs in the child; gives its exit code
};

/// Forks a worker and runs its body in a process that is no longer a master. Returns only in the
/// master.
Result<pid_t> spawn_worker(const WorkerSpawn& spawn);

/// In a zygote: forks a worker that becomes a child of `master`, the zygote's own parent, which
/// must be a subreaper. Then the worker's body runs. The worker itself takes both steps, and ends
/// if one fails.
struct WorkerRelay {
  pid_t master;
  std::function<int()> announce;  ///< tells the master its pid; 0, or an errno
  /// Waits until the master, which is its parent by now, has taken the worker on.
  std::function<bool()> is_taken_on;
};
/// Waits at most half a minute, because code of the app may run in a fork.
Result<void> spawn_worker_for(const WorkerRelay& relay, const WorkerSpawn& spawn);

/// Makes this process the parent of all orphans among its descendants.
Result<void> adopt_orphans();

struct ProgramSpawn {
  std::string program;  ///< without a "/": searched for in PATH
  std::vector<std::string> arguments;
  std::string directory;              ///< where it starts
  std::vector<int> inherited;         ///< descriptors that survive the exec
  std::function<void()> before_exec;  ///< runs in the child: sets its environment
};

/// Forks and executes a program, with no signal blocked or ignored. A program
/// that cannot be executed leaves a log line and exit code 127.
Result<pid_t> spawn_program(const ProgramSpawn& spawn);

struct ProgramEnd {
  ExitReport report;
  std::string complaints;  ///< what it wrote to stderr; cut after 64 KiB
};
/// Runs a program until it ends, or until this limit. Its output is discarded.
Result<ProgramEnd> run_program(const ProgramSpawn& spawn, milliseconds limit);

/// A plain fork, for daemonize(): 0 in the child.
Result<pid_t> fork_in_two();

/// In a worker, before it runs anything that may get stuck: ensures that it ends soon after its
/// master, whatever it is doing. The lifeline comes first and is gentler: a worker that reads it
/// has left before. A change of user undoes this, so call it afterwards.
void die_soon_after(pid_t parent);

/// A child of this process that was not reaped yet. Any other pid may belong to another process at
/// the next moment.
bool is_child(pid_t pid);
/// Signals such a child, and no other process. False: nothing was sent.
bool send_signal(pid_t pid, int number);
/// Signals the parent, if it is still that process.
bool signal_parent(pid_t parent, int number);

/// In a child, before it executes a program: signal_group() then reaches it and what it starts.
void lead_own_group();
/// Signals a child that leads a group of its own and was not reaped yet.
bool signal_group(pid_t leader, int number);

/// Reaps children that have ended, without waiting for any; at most kReapedPerTurn at once, because
/// an app may breed orphans. Each one is judged before the next one is reaped: judging may fork,
/// and the new child may get the pid of one that was reaped. True: there may be more.
inline constexpr std::size_t kReapedPerTurn = 256;
bool reap_children(const std::function<void(const ExitReport&)>& judge);

}  // namespace alicorn
