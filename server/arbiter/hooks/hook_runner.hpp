// Runs the operator's hooks as processes of their own, each with a time limit; the master goes on
// meanwhile. Master.
#pragma once

#include "base/clock.hpp"
#include "server/config/config.hpp"
#include "server/host/process.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace alicorn {

class HookRunner {
 public:
  /// The same as spawn_program().
  using Spawner = std::function<Result<pid_t>(const ProgramSpawn&)>;
  explicit HookRunner(Spawner spawner = spawn_program) : spawn_(std::move(spawner)) {}

  /// Environment variables, without the prefix ALICORN_.
  using Facts = std::vector<std::pair<std::string, std::string>>;

  /// Starts the hook's command, if it has one: now, or when others have ended.
  void run(Hook hook, const Facts& facts, const Config& config);
  /// False: the process was not a hook's.
  bool on_exit(const ExitReport& report);
  /// Ends the hooks whose time is over, starts those that wait. To be called after every wake-up.
  void keep_time(MonotonicTime now);
  std::optional<MonotonicTime> next_event() const;
  bool runs(pid_t pid) const;
  /// Hooks that even SIGKILL does not end are not waited for.
  bool is_idle() const { return running_.empty() && waiting_.empty(); }
  void skip_waiting();
  /// Kills the hooks that still run; those that wait will not run.
  void give_up(MonotonicTime now);
  /// How the hook that ended last failed; "": it did not fail.
  const std::string& last_failure() const { return last_failure_; }

 private:
  struct Job {
    Hook hook{};
    std::vector<std::string> words;
    Facts facts;
    milliseconds timeout{};
    pid_t pid = 0;
    MonotonicTime deadline{};
    bool was_given_up = false;    ///< killed because the server ends
    bool was_terminated = false;  ///< at its first deadline; at the second it is killed
    bool was_killed = false;      ///< at the third it is abandoned
  };

  void start(Job job, MonotonicTime now);
  void end(Job& job, MonotonicTime now);
  bool has_room() const;
  void fail_job(const Job& job, const std::string& how);

  Spawner spawn_;
  std::vector<Job> running_;
  std::vector<pid_t> abandoned_;  ///< stuck in the kernel; reaped if they end after all
  std::deque<Job> waiting_;
  std::string last_failure_;
};

}  // namespace alicorn
