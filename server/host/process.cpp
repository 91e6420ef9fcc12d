#include "server/host/process.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/shortage.hpp"
#include "base/unique_fd.hpp"
#include "server/host/process_title.hpp"
#include "server/host/signal_queue.hpp"
#include "workers/contract/exit_code.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <new>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr int kCannotExecute = 127;  // as a shell reports it
constexpr int kNotHandedOver = 1;    // nobody reads it

/// Makes a fork of the master a worker. The order matters: signals first, so that none meant for
/// the master is handled here; the lifeline's write end before anything that may take time.
void become_worker(const WorkerSpawn& spawn) {
  reset_signals_for_worker();
  for (const int fd : spawn.close_in_child) ::close(fd);
  log::reinitialise_in_child(spawn.name);
  set_process_title(spawn.title);
}

/// Time limits for the steps of a fork by a zygote, in which handlers of the app may run. Each
/// process waits longer than the one that it waits for.
constexpr milliseconds kReparentingTime{2'000};
constexpr milliseconds kAnnouncementTime{20'000};
constexpr milliseconds kRelayTime{30'000};

tl::unexpected<Error> out_of_memory(const std::string& name) {
  return tl::unexpected(Error{std::error_code(ENOMEM, std::system_category()), name});
}

/// Never exit(): destructors and buffers belong to the master.
[[noreturn]] void leave(int code) {
  log::flush();
  ::_exit(code);
}

/// A child's whole life: no exception may unwind into code of its parent.
[[noreturn]] void live(const WorkerSpawn& spawn, void (*become)(const WorkerSpawn&)) noexcept {
  try {
    become(spawn);
    leave(spawn.body());
  } catch (const std::bad_alloc&) {
    log::critical(out_of_memory("start").value().text());
    leave(static_cast<int>(ExitCode::kBootError));
  }
}

/// Signals stay as the app has set them, as in a worker that loads the app itself. The zygote holds
/// the master's orders back around the fork.
void become_worker_of_zygote(const WorkerSpawn& spawn) {
  for (const int fd : spawn.close_in_child) ::close(fd);
  log::reinitialise_in_child(spawn.name);
  set_process_title(spawn.title);
}

/// In a worker of a zygote. The go-between ends only when the master knows the worker's pid. After
/// that the master is the parent, unless there is no master any more.
bool is_handed_over(const WorkerRelay& relay, pid_t go_between, int to_go_between) {
  constexpr timespec kBetweenLooks{.tv_sec = 0, .tv_nsec = 200'000};
  const auto error = static_cast<char>(relay.announce());
  // If this fails, the go-between has already ended.
  static_cast<void>(::write(to_go_between, &error, 1) == 1);
  ::close(to_go_between);
  if (error != 0) return false;
  const MonotonicTime deadline = now() + kReparentingTime;
  while (::getppid() == go_between && now() < deadline) ::nanosleep(&kBetweenLooks, nullptr);
  return ::getppid() == relay.master && relay.is_taken_on();
}

/// A process between a zygote and its worker: forks the worker and ends, so that the kernel makes
/// the worker a child of the master. The exit code is an errno.
[[noreturn]] void introduce_worker(const WorkerRelay& relay, const WorkerSpawn& spawn) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) ::_exit(errno);
  const pid_t go_between = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) ::_exit(errno);
  if (pid == 0) {
    ::close(ends[0]);
    if (!is_handed_over(relay, go_between, ends[1])) ::_exit(kNotHandedOver);
    live(spawn, become_worker_of_zygote);
  }
  ::close(ends[1]);
  pollfd word{.fd = ends[0], .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&word, 1, static_cast<int>(kAnnouncementTime.count()));
  } while (ready < 0 && errno == EINTR);
  char error = 0;
  if (ready > 0) ::_exit(::read(ends[0], &error, 1) == 1 ? error : ECHILD);
  ::kill(pid, SIGKILL);  // our own child, not reaped yet: it may be stuck in a fork handler
  ::_exit(ETIMEDOUT);
}

ExitReport report_of(pid_t pid, int status) {
  ExitReport report{.pid = pid};
  if (WIFSIGNALED(status)) {
    report.signal = WTERMSIG(status);
    report.core = WCOREDUMP(status);
  } else {
    report.exit_code = WEXITSTATUS(status);
  }
  return report;
}

/// Nothing: the child has not ended in time. If an app ignores SIGCHLD, the status is lost.
std::optional<int> wait_for_end(pid_t child, MonotonicTime::duration limit) {
  constexpr long kLongestPauseNs = 5'000'000;
  const MonotonicTime deadline = now() + limit;
  timespec pause{.tv_sec = 0, .tv_nsec = 50'000};
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return 0;
    if (now() >= deadline) return std::nullopt;
    ::nanosleep(&pause, nullptr);
    pause.tv_nsec = std::min(2 * pause.tv_nsec, kLongestPauseNs);
  }
}

/// Less than the second after which the address must be free again; more than a worker that reads
/// its lifeline needs to leave.
constexpr std::chrono::nanoseconds kTimeAfterParent = milliseconds(600);

// Global because a signal handler gets no argument. Each worker has its own: set before there are
// threads.
timer_t last_timer;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// Runs in any thread that the kernel picks, perhaps one that is stuck in the app. It makes one
/// system call that is safe there. The timer's SIGKILL cannot be blocked or caught.
void start_last_timer(int /*number*/) {
  const int error = errno;
  const itimerspec once{.it_interval = {},
                        .it_value = {.tv_sec = 0, .tv_nsec = kTimeAfterParent.count()}};
  ::timer_settime(last_timer, 0, &once, nullptr);
  errno = error;
}

/// On stderr, which whoever waits for the program reads; the log may be a file.
[[noreturn]] void give_up(const Error& error) {
  ::dprintf(STDERR_FILENO, "alicorn: %s\n", error.text().c_str());
  ::_exit(kCannotExecute);
}

void prepare(const ProgramSpawn& spawn) {
  restore_signals();
  for (const int fd : spawn.inherited) ::fcntl(fd, F_SETFD, 0);
  spawn.before_exec();
  if (!spawn.directory.empty() && ::chdir(spawn.directory.c_str()) < 0) {
    give_up(fail_errno("chdir", spawn.directory).value());
  }
}

[[noreturn]] void execute(const ProgramSpawn& spawn) noexcept try {
  prepare(spawn);
  std::vector<char*> arguments;
  for (const std::string& argument : spawn.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  if (spawn.program.find('/') == std::string::npos) {
    ::execvp(spawn.program.c_str(), arguments.data());
  } else {
    ::execv(spawn.program.c_str(), arguments.data());
  }
  give_up(fail_errno("execute", spawn.program).value());
} catch (const std::bad_alloc&) {
  give_up(out_of_memory("execute " + spawn.program).value());
}

}  // namespace

Result<pid_t> spawn_worker(const WorkerSpawn& spawn) {
  const pid_t pid = ::fork();
  if (pid < 0) return fail_task(TaskKind::kProcess, errno, "fork", spawn.name);
  if (pid > 0) return pid;
  live(spawn, become_worker);
}

Result<void> spawn_worker_for(const WorkerRelay& relay, const WorkerSpawn& spawn) {
  // Not clone(CLONE_PARENT): it skips the pthread_atfork handlers of the app's libraries, and
  // leaves glibc's own thread state as it was.
  const sigset_t before = hold_orders_of_worker();
  const pid_t go_between = ::fork();
  const int fork_error = errno;
  if (go_between != 0) release_orders(before);
  errno = fork_error;
  if (go_between < 0) return fail_task(TaskKind::kProcess, errno, "fork", spawn.name);
  if (go_between == 0) introduce_worker(relay, spawn);
  const auto status = wait_for_end(go_between, kRelayTime);
  if (!status) {
    ::kill(go_between, SIGKILL);
    wait_for_end(go_between, kReparentingTime);
    errno = ETIMEDOUT;
    return fail_errno("fork", spawn.name);
  }
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
  const int error = WIFEXITED(*status) ? WEXITSTATUS(*status) : EINTR;
  return fail_task(TaskKind::kProcess, error, "fork", spawn.name);
}

Result<void> adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return fail_errno("prctl", "PR_SET_CHILD_SUBREAPER");
  return {};
}

Result<pid_t> spawn_program(const ProgramSpawn& spawn) {
  const pid_t pid = ::fork();
  if (pid < 0) return fail_task(TaskKind::kProcess, errno, "fork", spawn.program);
  if (pid > 0) return pid;
  execute(spawn);
}

Result<ProgramEnd> run_program(const ProgramSpawn& spawn, milliseconds limit) {
  constexpr std::size_t kComplaintsMax = 64 * 1024;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2", spawn.program);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ProgramSpawn heard = spawn;
  heard.before_exec = [&] {
    const UniqueFd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) ::dup2(nowhere.get(), fd);
    ::dup2(write_end.get(), STDERR_FILENO);
    spawn.before_exec();
  };
  const auto pid = spawn_program(heard);
  if (!pid) return tl::unexpected(pid.error());
  write_end.reset();
  const MonotonicTime deadline = now() + limit;
  ProgramEnd end{.report = {.pid = *pid}, .complaints = {}};
  std::array<char, 4096> bytes;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - now());
    pollfd word{.fd = read_end.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&word, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t size = ready > 0 ? ::read(read_end.get(), bytes.data(), bytes.size()) : 0;
    if (size <= 0) break;
    const std::size_t room = kComplaintsMax - end.complaints.size();
    end.complaints.append(bytes.data(), std::min(static_cast<std::size_t>(size), room));
  }
  auto status = wait_for_end(*pid, std::max(deadline - now(), MonotonicTime::duration(0)));
  if (!status) {
    ::kill(*pid, SIGKILL);
    status = wait_for_end(*pid, kReparentingTime);
  }
  end.report = report_of(*pid, status.value_or(SIGKILL));
  return end;
}

Result<pid_t> fork_in_two() {
  std::fflush(nullptr);  // otherwise both processes would write what is buffered
  const pid_t pid = ::fork();
  if (pid < 0) return fail_task(TaskKind::kProcess, errno, "fork");
  return pid;
}

void die_soon_after(pid_t parent) {
  struct sigevent event {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  struct sigaction action {};
  action.sa_handler = start_last_timer;
  action.sa_flags = SA_RESTART;
  const int parent_died = SIGRTMAX - 1;  // SIGRTMAX is what debuggers take for themselves
  const bool can_wait = ::timer_create(CLOCK_MONOTONIC, &event, &last_timer) == 0 &&
                        ::sigaction(parent_died, &action, nullptr) == 0;
  ::prctl(PR_SET_PDEATHSIG, can_wait ? parent_died : SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it died before prctl()
}

bool is_child(pid_t pid) {
  siginfo_t info{};
  return pid > 0 &&
         ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/// Only this process reaps our children: the pid cannot be reused between the check and the signal.
bool send_signal(pid_t pid, int number) {
  return is_child(pid) && ::kill(pid, number) == 0;
}

bool signal_parent(pid_t parent, int number) {
  if (parent <= 1) return false;
  // The descriptor always means the same process: the parent, if it still is the parent once the
  // descriptor is open.
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, parent, 0)));
  if (::getppid() != parent) return false;
  if (!process) return errno == ENOSYS && ::kill(parent, number) == 0;
  return ::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) == 0;
}

void lead_own_group() {
  ::setpgid(0, 0);
}

bool signal_group(pid_t leader, int number) {
  // If the child does not lead its group yet, it has started nothing: signal only the child.
  return leader > 1 && is_child(leader) &&
         (::kill(-leader, number) == 0 || ::kill(leader, number) == 0);
}

bool reap_children(const std::function<void(const ExitReport&)>& judge) {
  for (std::size_t reaped = 0; reaped < kReapedPerTurn; ++reaped) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return false;
    judge(report_of(pid, status));
  }
  return true;
}

}  // namespace alicorn
