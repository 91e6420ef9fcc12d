// The only unit test that forks: nobody else may.
#include "server/host/process.hpp"

#include "base/log.hpp"
#include "server/arbiter/hooks/hook_runner.hpp"
#include "server/host/signal_queue.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Waits for the end of a child, then reaps it as the master does.
std::optional<ExitReport> end_of(const Result<pid_t>& pid) {
  EXPECT_TRUE(pid) << pid.error().text();
  siginfo_t info{};
  if (!pid || ::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT) < 0)
    return std::nullopt;
  std::optional<ExitReport> found;
  reap_children([&](const ExitReport& report) {
    if (report.pid == *pid) found = report;
  });
  return found;
}

Result<pid_t> worker(std::function<int()> body, std::vector<int> close_in_child = {}) {
  return spawn_worker({.name = "worker 1",
                       .title = "alicorn: worker 1",
                       .close_in_child = std::move(close_in_child),
                       .body = std::move(body)});
}

bool is_blocked(int number) {
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  return ::sigismember(&mask, number) == 1;
}

TEST(Process, AWorkersExitCodeIsReported) {
  const auto report = end_of(worker([] { return 4; }));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->exit_code, 4);
  EXPECT_EQ(report->signal, 0);
}

TEST(Process, AWorkersSignalIsReported) {
  const auto report = end_of(worker([] { return ::raise(SIGKILL); }));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->signal, SIGKILL);
  EXPECT_FALSE(report->core);
}

TEST(Process, AWorkerHasTheSignalsThatItExpects) {
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, nullptr, &before);
  {
    auto queue = SignalQueue::create();
    ASSERT_TRUE(queue);
    ::signal(SIGABRT, SIG_IGN);
    const auto report = end_of(worker([] {
      for (const int number :
           {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH}) {
        if (!is_blocked(number)) return number;
      }
      for (const int number : {SIGABRT, SIGCHLD, SIGSEGV, SIGALRM, SIGTSTP}) {
        if (is_blocked(number)) return 100 + number;
      }
      struct sigaction action {};
      ::sigaction(SIGABRT, nullptr, &action);
      if (action.sa_handler != SIG_DFL) return 90;
      for (const int number : {SIGPIPE, SIGXFSZ}) {
        ::sigaction(number, nullptr, &action);
        if (action.sa_handler != SIG_IGN) return 91;
      }
      return 0;
    }));
    ::signal(SIGABRT, SIG_DFL);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->exit_code, 0);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(Process, AWorkerDoesNotKeepTheMastersDescriptors) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto report = end_of(worker([fd] { return ::fcntl(fd, F_GETFD) < 0 ? 0 : 1; }, {-1, fd}));
  EXPECT_EQ(::close(fd), 0);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->exit_code, 0);
}

TEST(Process, AWorkerDiesWithItsMaster) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  // A master that forks a stuck worker and dies: the worker's end of the pipe goes with it.
  const auto report = end_of(worker([&] {
    const auto grandchild = worker([parent = ::getpid()] {
      die_soon_after(parent);
      return ::pause();
    });
    return grandchild ? 0 : 1;
  }));
  ::close(ends[1]);
  ASSERT_TRUE(report);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);  // ends only when every copy of the write end is gone
  ::close(ends[0]);
}

TEST(Process, AProgramStartsWithFreshSignalsAndItsDescriptorsAndDirectory) {
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, nullptr, &before);
  {
    auto queue = SignalQueue::create();
    ASSERT_TRUE(queue);
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const std::string script =
        "test \"$(pwd)\" = / && test -e /proc/self/fd/" + std::to_string(fd) +
        " && test \"$GIVEN\" = yes && grep -q 'SigBlk:.0*$' /proc/self/status && kill -TERM $$";
    const auto report = end_of(spawn_program({.program = "/bin/sh",
                                              .arguments = {"sh", "-c", script},
                                              .directory = "/",
                                              .inherited = {fd},
                                              .before_exec = [] { ::setenv("GIVEN", "yes", 1); }}));
    ::close(fd);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->signal, SIGTERM) << "exit code " << report->exit_code;
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(Process, AProgramThatIsNotThereExitsLikeInAShell) {
  const auto report = end_of(spawn_program({.program = "/no/such/program",
                                            .arguments = {"program"},
                                            .directory = "",
                                            .inherited = {},
                                            .before_exec = [] {}}));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->exit_code, 127);
}

TEST(Process, ASignalNeverGoesToAGroup) {
  EXPECT_FALSE(send_signal(0, SIGTERM));
  EXPECT_FALSE(send_signal(-1, SIGTERM));
}

/// A pid on somebody's word may be any process: whoever is no child is not signalled.
TEST(Process, ASignalGoesToAChildAlone) {
  const auto child = worker([] { return ::pause(); });
  ASSERT_TRUE(child);
  EXPECT_TRUE(is_child(*child));
  EXPECT_FALSE(is_child(::getpid()));
  EXPECT_FALSE(is_child(::getppid()));
  EXPECT_FALSE(is_child(1));
  EXPECT_FALSE(is_child(0));
  EXPECT_FALSE(send_signal(::getpid(), SIGUSR1)) << "it would have ended this test";
  EXPECT_FALSE(signal_group(::getppid(), SIGTERM));
  EXPECT_TRUE(send_signal(*child, SIGTERM));
  EXPECT_TRUE(send_signal(*child, SIGKILL));
  EXPECT_TRUE(end_of(child));
  EXPECT_FALSE(is_child(*child));
  EXPECT_FALSE(send_signal(*child, SIGKILL)) << "it was reaped: the pid may be anybody's";
}

TEST(Process, AGrandchildIsNoChild) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto child = worker([&] {
    const auto grandchild = worker([] { return ::pause(); });
    if (!grandchild || ::write(ends[1], &*grandchild, sizeof *grandchild) < 0) return 1;
    ::pause();
    return 0;
  });
  pid_t grandchild = 0;
  ASSERT_EQ(::read(ends[0], &grandchild, sizeof grandchild), ssize_t{sizeof grandchild});
  EXPECT_FALSE(is_child(grandchild));
  EXPECT_FALSE(send_signal(grandchild, SIGKILL));
  EXPECT_EQ(::kill(grandchild, SIGKILL), 0);
  EXPECT_TRUE(send_signal(*child, SIGKILL));
  EXPECT_TRUE(end_of(child));
  for (const int fd : ends) ::close(fd);
}

TEST(Process, TheParentIsSignalledOnlyWhileItIsTheParent) {
  const auto report = end_of(worker([] {
    const pid_t parent = ::getpid();
    const auto child = worker([parent] {
      if (signal_parent(parent + 1, 0) || signal_parent(1, 0) || signal_parent(0, 0)) return 2;
      return signal_parent(parent, 0) ? 0 : 1;
    });
    const auto ended = end_of(child);
    return ended ? ended->exit_code : 3;
  }));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->exit_code, 0);
}

/// An app may breed processes that end at once, and orphans are the master's.
TEST(Process, ReapsOnlySoManyAtOnce) {
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < kReapedPerTurn + 3; ++i) {
    const auto child = worker([] { return 0; });
    ASSERT_TRUE(child);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(*child), &info, WEXITED | WNOWAIT), 0);
  }
  std::size_t reaped = 0;
  EXPECT_TRUE(reap_children([&](const ExitReport&) { ++reaped; }));
  EXPECT_EQ(reaped, kReapedPerTurn);
  EXPECT_FALSE(reap_children([&](const ExitReport&) { ++reaped; }));
  EXPECT_EQ(reaped, kReapedPerTurn + 3);
}

/// Whoever judges may fork: the pid of one that was reaped and not judged could be the new child's.
TEST(Process, KeepsThePidOfEachChildUntilItsTurn) {
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    children.push_back(worker([] { return 0; }).value());
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(children.back()), &info, WEXITED | WNOWAIT), 0);
  }
  reap_children([&](const ExitReport& report) {
    EXPECT_EQ(std::erase(children, report.pid), 1U);
    for (const pid_t other : children) EXPECT_TRUE(is_child(other));
  });
  EXPECT_TRUE(children.empty());
}

/// The log has a thread, which holds a lock for a moment again and again: a hook must not ask for
/// its descriptor in the child.
TEST(Process, AHookPrintsToTheLogThatWasOpenBeforeItsFork) {
  const test::TemporaryFolder folder;
  const std::string before = folder / "before", later = folder / "later";
  ASSERT_TRUE(log::open({.path = before}));
  HookRunner hooks([&](const ProgramSpawn& spawn) {
    EXPECT_TRUE(log::open({.path = later}));
    return spawn_program(spawn);
  });
  Config config;
  config.hooks.words[static_cast<std::size_t>(Hook::kWhenReady)] = {"/bin/echo", "printed"};
  hooks.run(Hook::kWhenReady, {}, config);
  while (!hooks.is_idle()) {
    reap_children([&](const ExitReport& report) { hooks.on_exit(report); });
  }
  EXPECT_EQ(hooks.last_failure(), "");
  EXPECT_EQ(test::read_file(before), "printed\n");
  EXPECT_EQ(test::read_file(later), "");
  ASSERT_TRUE(log::open({}));
}

/// Its handlers of fork are the app's, too.
TEST(Process, AWorkerThatTheGoBetweenCannotIntroduceIsAnError) {
  const auto report = end_of(worker([] {
    const WorkerRelay relay{.master = ::getppid(),
                            .announce = [] { return ENOMEM; },
                            .is_taken_on = [] { return true; }};
    const auto spawned = spawn_worker_for(
        relay, {.name = "worker 1", .title = "", .close_in_child = {}, .body = [] { return 0; }});
    if (spawned) return 1;
    return spawned.error().text().find("Cannot allocate memory") != std::string::npos ? 0 : 2;
  }));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->exit_code, 0);
}

TEST(Process, ReapingWithoutChildrenGivesNothing) {
  EXPECT_FALSE(reap_children([](const ExitReport&) { ADD_FAILURE(); }));
}

TEST(Process, SignalsHaveNames) {
  EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
  EXPECT_EQ(signal_name(SIGRTMIN + 1), "signal " + std::to_string(SIGRTMIN + 1));
}

}  // namespace
}  // namespace alicorn
