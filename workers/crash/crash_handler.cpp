#include "workers/crash/crash_handler.hpp"

#include "workers/crash/thread_trace.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
/// The demanglers and the symbol search need this much. Untouched pages cost nothing.
constexpr std::size_t kStackSize = 256 * 1024;
constexpr std::size_t kGuardSize = 64 * 1024;
constexpr std::size_t kStepsMax = 12;
/// Time for everything that the handler does, so that a worker whose handler hangs still ends.
constexpr time_t kSecondsToLive = 2;
/// The loop's thread stops as soon as it is scheduled.
constexpr int kLooksForLeader = 50;
constexpr timespec kBetweenLooks{.tv_sec = 0, .tv_nsec = 1'000'000};

/// The state of the handler. Global because a signal handler gets no argument.
struct CrashState {
  CrashRecord* record = nullptr;
  pid_t process = 0;            ///< the worker's pid: an app may fork
  timer_t end_timer = nullptr;  ///< sends SIGKILL
  std::array<CrashStep, kStepsMax> steps;
  std::size_t step_count = 0;

  std::atomic<pid_t> owner{0};  ///< the thread that reports; 0: no crash yet
  std::atomic<std::size_t> next_step{0};
  siginfo_t info{};
  void* context = nullptr;               ///< context of the signal; null for an exit
  const void* caller_of_exit = nullptr;  ///< return address of our exit handler
  std::atomic<pid_t> leading_thread{0};
  std::atomic<bool> leader_stands_still{false};
  std::atomic<pid_t> sender{0};  ///< sender of a signal passed on to the leader
};
CrashState state;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void send_to_thread(pid_t tid, int number) {
  ::syscall(SYS_tgkill, ::getpid(), tid, number);
}

bool is_fault(const siginfo_t& info) {
  return info.si_code > 0;  // otherwise a process sent it, maybe this one
}

void set_default(int number) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(number, &action, nullptr);
}

void start_end_timer(time_t seconds) {
  const itimerspec once{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_nsec = 0}};
  ::timer_settime(state.end_timer, 0, &once, nullptr);
}

[[noreturn]] void hold_this_thread() {
  for (;;) ::pause();
}

[[noreturn]] void stand_still() {
  state.leader_stands_still.store(true);
  hold_this_thread();
}

/// Stops the leader, so that the connections do not change during the next steps. Sequentially
/// consistent, like note_leading_thread(): either we see the next leader, or it sees that a thread
/// has crashed.
void stop_leader(pid_t tid) {
  const pid_t leader = state.leading_thread.load(std::memory_order_seq_cst);
  if (leader == tid) return;
  send_to_thread(leader, interrupting_signal());
  for (int look = 0; look < kLooksForLeader && !state.leader_stands_still.load(); ++look) {
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kBetweenLooks, nullptr);
  }
}

void on_interrupt(int /*number*/, siginfo_t* /*info*/, void* context) {
  if (state.owner.load() == 0) return take_trace_of_this_thread(context);
  stand_still();
}

void write_down(const siginfo_t& info, pid_t tid) {
  CrashRecord& record = *state.record;
  record.code = info.si_code;
  record.thread = tid;
  record.address = is_fault(info) ? reinterpret_cast<std::uintptr_t>(info.si_addr) : 0;
  record.sender = is_fault(info) ? 0 : info.si_pid;
  if (const pid_t sender = state.sender.load(std::memory_order_relaxed); sender != 0) {
    record.code = SI_USER;
    record.sender = sender;
  }
  record.trace.size.store(0, std::memory_order_relaxed);
  record.app_stack.size.store(0, std::memory_order_relaxed);
  record.signal = info.si_signo;
  record.kind.store(CrashKind::kSignal, std::memory_order_release);
}

/// False: there is no such step.
bool take_step(std::size_t number) {
  CrashRecord& record = *state.record;
  if (number == 0) {
    if (state.context != nullptr) {
      take_stack_trace(record.trace, state.context);
    } else {
      take_stack_trace_from(record.trace, state.caller_of_exit);
    }
  } else if (number <= state.step_count) {
    const CrashStep& step = state.steps[number - 1];
    step.run(step.context, record);
  } else if (number == state.step_count + 1) {
    name_functions(record.trace);
  } else if (number == state.step_count + 2) {
    app_tracer_of_this_thread().tell(record.app_stack);
  } else {
    return false;
  }
  return true;
}

/// Acts as if there had been no handler: the same signal with the same details, for the core file
/// and the parent.
void die_of_it(bool crashed_in_handler) {
  const int number = state.info.si_signo;
  start_end_timer(0);  // writing a core file takes time
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, number);
  ::pthread_sigmask(SIG_BLOCK, &mask, nullptr);  // until the handler returns
  set_default(number);
  if (::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), number, &state.info) < 0) {
    send_to_thread(::gettid(), number);
  }
  if (crashed_in_handler) ::pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
}

/// A signal that is meant to kill this process is meant for its loop, but the kernel delivers it to
/// any thread.
bool pass_on_to_leader(int number, const siginfo_t& info, pid_t tid) {
  const pid_t leader = state.leading_thread.load(std::memory_order_relaxed);
  if (info.si_code > 0 || info.si_pid == ::getpid() || leader == 0 || leader == tid) return false;
  state.sender.store(info.si_pid, std::memory_order_relaxed);
  send_to_thread(leader, number);
  return true;
}

void on_crash(int number, siginfo_t* info, void* context) {
  const int error = errno;
  const pid_t tid = ::gettid();
  pid_t owner = 0;
  if (::getpid() != state.process) {
    set_default(number);
    send_to_thread(tid, number);
    return;
  }
  if (is_fault(*info) && state.owner.load() != tid) leave_faulting_trace();
  if (state.owner.load() == 0 && pass_on_to_leader(number, *info, tid)) {
    errno = error;
    return;
  }
  const bool is_first = state.owner.compare_exchange_strong(owner, tid);
  if (!is_first && owner != tid) hold_this_thread();
  if (is_first) {
    start_end_timer(kSecondsToLive);
    state.info = *info;
    state.context = context;
    write_down(*info, tid);
    stop_leader(tid);
  }
  // A crash within a step gets here again and continues with the next step.
  while (take_step(state.next_step.fetch_add(1))) continue;
  die_of_it(!is_first);
  errno = error;
}

/// Treats an exit() as a crash, on an app thread that called it while other threads go on. False:
/// this is not the worker process, or a crash has already begun.
bool crash_by_exit(const void* caller) {
  const pid_t tid = ::gettid();
  pid_t owner = 0;
  // An app may fork, and its child may exit.
  if (::getpid() != state.process) return false;
  if (!state.owner.compare_exchange_strong(owner, tid)) {
    if (owner != tid) hold_this_thread();
    return false;
  }
  start_end_timer(kSecondsToLive);
  CrashRecord& record = *state.record;
  record.thread = tid;
  record.trace.size.store(0, std::memory_order_relaxed);
  record.app_stack.size.store(0, std::memory_order_relaxed);
  record.kind.store(CrashKind::kExit, std::memory_order_release);
  state.caller_of_exit = caller;
  stop_leader(tid);
  while (take_step(state.next_step.fetch_add(1))) continue;
  return true;
}

/// Does not continue to the destructors: they would destroy what the other threads use.
void on_exit(int status, void* /*argument*/) {
  if (crash_by_exit(__builtin_return_address(0))) ::_exit(status);
}

void on_quick_exit() {
  crash_by_exit(__builtin_return_address(0));
}

}  // namespace

void watch_for_exit() {
  ::on_exit(on_exit, nullptr);
  ::at_quick_exit(on_quick_exit);
}

Result<void> install_crash_handler(CrashRecord& record, void (*outermost)()) {
  prepare_stack_traces(outermost);
  state.record = &record;
  state.process = ::getpid();
  note_leading_thread(::gettid());
  struct sigevent event {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  if (::timer_create(CLOCK_MONOTONIC, &event, &state.end_timer) < 0) {
    return fail_errno("timer_create", errno == EAGAIN
                                          ? "crash handler (RLIMIT_SIGPENDING, ulimit -i)"
                                          : "crash handler");
  }
  if (auto prepared = prepare_this_thread_for_crashes(); !prepared) return prepared;
  watch_for_exit();
  struct sigaction action {};
  action.sa_sigaction = on_interrupt;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigaction(interrupting_signal(), &action, nullptr);
  action.sa_sigaction = on_crash;
  // A fault in the handler must reach the handler again. A SIGABRT from another process may wait
  // until the handler ends.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  ::sigemptyset(&action.sa_mask);
  ::sigaddset(&action.sa_mask, SIGABRT);
  for (const int number : kSignals) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if ((before.sa_flags & SA_SIGINFO) == 0 &&
        (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
      ::sigaction(number, &action, nullptr);
    }
  }
  return {};
}

Result<void> prepare_this_thread_for_crashes() {
  thread_local bool has_one = false;
  if (has_one) return {};
  register_thread_for_traces();
  // Never unmapped: needed as long as the process lives, like its threads.
  void* const memory = ::mmap(nullptr, kGuardSize + kStackSize, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("mmap", "signal stack");
  ::mprotect(memory, kGuardSize, PROT_NONE);
  const stack_t stack{
      .ss_sp = static_cast<char*>(memory) + kGuardSize, .ss_flags = 0, .ss_size = kStackSize};
  if (::sigaltstack(&stack, nullptr) < 0) return fail_errno("sigaltstack");
  has_one = true;
  return {};
}

int interrupting_signal() {
  return SIGRTMAX - 3;
}

void add_crash_step(CrashStep step) {
  if (state.step_count < kStepsMax) state.steps[state.step_count++] = step;
}

void note_leading_thread(pid_t tid) noexcept {
  state.leading_thread.store(tid, std::memory_order_seq_cst);
  if (state.owner.load(std::memory_order_seq_cst) != 0) stand_still();
}

}  // namespace alicorn
