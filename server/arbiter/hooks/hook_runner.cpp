#include "server/arbiter/hooks/hook_runner.hpp"

#include "base/log.hpp"
#include "base/open_descriptors.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/stop_times.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Hooks that hang must not fill the machine with processes.
constexpr std::size_t kRunningMax = 4;
constexpr std::size_t kWaitingMax = 32;

/// The master's log is opened so that a write never waits, which programs do not expect of their
/// output. Clearing that flag on the description shared with the master could let the master wait.
/// Regular files never wait.
UniqueFd open_anew_to_wait(int log) {
  struct stat status {};
  if (::fstat(log, &status) != 0 || !(S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))) {
    return {};
  }
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", log);
  // Opening a FIFO without a reader must not wait here.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  UniqueFd anew(::open(path, kFlags));
  if (anew) ::fcntl(anew.get(), F_SETFL, O_APPEND);
  return anew;
}

/// In the child: its output goes to the file that the master has open, so that it is found beside
/// the server's own lines. The path is not opened again: another user may be able to change it, and
/// opening it may wait. The child must not ask its copy of the log for the descriptor: the log's
/// thread may have held the lock when the master forked, and nobody would release it here.
void redirect_output(int log) {
  const int null = ::open("/dev/null", O_RDONLY);
  if (null > STDERR_FILENO) {
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  const UniqueFd anew = open_anew_to_wait(log);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(anew ? anew.get() : log, stream);
  // A program on a stalled disk would keep the addresses in use beyond the server's end.
  close_all_but_files({});
}

std::string describe_failure(const ExitReport& report) {
  if (report.signal != 0) return "was killed by " + signal_name(report.signal);
  return "exited with code " + std::to_string(report.exit_code);
}

}  // namespace

void HookRunner::run(Hook hook, const Facts& facts, const Config& config) {
  const std::vector<std::string>& words = config.hooks.of(hook);
  if (words.empty()) return;
  Job job{.hook = hook, .words = words, .facts = facts, .timeout = config.hook_timeout};
  job.facts.emplace_back("HOOK", name_of(hook));
  job.facts.emplace_back("MASTER_PID", std::to_string(::getpid()));
  job.facts.emplace_back("APP", config.worker.app_name());
  if (has_room() || hook == Hook::kOnExit) return start(std::move(job), now());
  if (waiting_.size() < kWaitingMax) return waiting_.push_back(std::move(job));
  fail_job(job, "was skipped: too many hooks are running");
}

void HookRunner::start(Job job, MonotonicTime now) {
  const auto output = log::duplicate_descriptor();
  if (!output) return fail_job(job, "could not be started: " + output.error().text());
  const ProgramSpawn spawn{.program = job.words.front(),
                           .arguments = job.words,
                           .directory = {},
                           .inherited = {},
                           .before_exec = [&job, &output] {
                             lead_own_group();
                             redirect_output(output->get());
                             for (const auto& [name, value] : job.facts) {
                               ::setenv(("ALICORN_" + name).c_str(), value.c_str(), 1);
                             }
                           }};
  const auto pid = spawn_(spawn);
  if (!pid) return fail_job(job, "could not be started: " + pid.error().text());
  job.pid = *pid;
  job.deadline = now + job.timeout;
  running_.push_back(std::move(job));
}

bool HookRunner::on_exit(const ExitReport& report) {
  if (std::erase(abandoned_, report.pid) != 0) return true;
  const auto job = std::find_if(running_.begin(), running_.end(),
                                [&](const Job& one) { return one.pid == report.pid; });
  if (job == running_.end()) return false;
  const Job ended = std::move(*job);
  running_.erase(job);
  last_failure_.clear();
  if (ended.was_given_up) {
    fail_job(ended, "was ended, because the server was told to stop");
  } else if (ended.was_terminated) {
    fail_job(ended, "was ended after hook_timeout");
  } else if (report.signal != 0 || report.exit_code != 0) {
    fail_job(ended, describe_failure(report));
  }
  return true;
}

bool HookRunner::runs(pid_t pid) const {
  return std::any_of(running_.begin(), running_.end(),
                     [pid](const Job& job) { return job.pid == pid; }) ||
         std::find(abandoned_.begin(), abandoned_.end(), pid) != abandoned_.end();
}

bool HookRunner::has_room() const {
  return running_.size() + abandoned_.size() < kRunningMax;
}

void HookRunner::keep_time(MonotonicTime now) {
  for (Job& job : running_) {
    if (now >= job.deadline) end(job, now);
  }
  std::erase_if(running_, [](const Job& job) { return job.pid == 0; });
  while (!waiting_.empty() && has_room()) {
    Job next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next), now);
  }
}

/// Takes the next step: TERM, KILL, abandon. It concerns the process and all that it started,
/// because a shell's children do not end with the shell.
void HookRunner::end(Job& job, MonotonicTime now) {
  if (job.was_killed) {
    fail_job(job, "(pid " + std::to_string(job.pid) + ") " + std::string(kStuckInKernel) +
                      "; nobody waits for it any more");
    abandoned_.push_back(std::exchange(job.pid, 0));
    return;
  }
  signal_group(job.pid, job.was_terminated ? SIGKILL : SIGTERM);
  job.was_killed = job.was_terminated;
  job.deadline = now + (job.was_killed ? kHookKillGrace : kHookTermGrace);
  job.was_terminated = true;
}

std::optional<MonotonicTime> HookRunner::next_event() const {
  std::optional<MonotonicTime> next;
  for (const Job& job : running_) next = std::min(next.value_or(job.deadline), job.deadline);
  return next;
}

void HookRunner::skip_waiting() {
  for (const Job& job : waiting_) fail_job(job, "was skipped: the server ends");
  waiting_.clear();
}

void HookRunner::give_up(MonotonicTime now) {
  skip_waiting();
  for (Job& job : running_) {
    if (std::exchange(job.was_given_up, true)) continue;
    signal_group(job.pid, SIGKILL);
    job.was_killed = true;
    job.deadline = now + kHookKillGrace;
  }
}

void HookRunner::fail_job(const Job& job, const std::string& how) {
  last_failure_ = "hook " + std::string(name_of(job.hook)) + ' ' + how;
  log::error(last_failure_);
}

}  // namespace alicorn
