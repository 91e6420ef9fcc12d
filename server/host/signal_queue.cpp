#include "server/host/signal_queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Orders with higher numbers come behind SIGCHLD, and another child may end between two looks.
constexpr int kLooksBehindChildren = 4;
constexpr std::array kOrders = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP,   SIGUSR1,
                                SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH, SIGCHLD};

sigset_t orders() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kOrders) ::sigaddset(&set, number);
  return set;
}

/// The orders that stay blocked until a worker installs its own handling.
sigset_t orders_of_worker() {
  sigset_t set = orders();
  ::sigdelset(&set, SIGCHLD);
  return set;
}

void set_disposition(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(number, &action, nullptr);
}

/// Caused by a write: to a pipe without a reader, or beyond the limit of a file's size. Whoever
/// writes a log treats both as errors; they are no reason to end.
void set_write_signals(void (*handler)(int)) {
  for (const int number : {SIGPIPE, SIGXFSZ}) set_disposition(number, handler);
}

/// SIGWINCH, SIGTTIN and SIGTTOU also come from a terminal (resized, or read from in the
/// background): then they are not orders.
bool is_from_terminal(const signalfd_siginfo& info) {
  const auto number = static_cast<int>(info.ssi_signo);
  return info.ssi_code == SI_KERNEL &&
         (number == SIGWINCH || number == SIGTTIN || number == SIGTTOU);
}

}  // namespace

HeldSignals::HeldSignals() {
  const sigset_t set = orders();
  ::sigprocmask(SIG_BLOCK, &set, &before_);
}

void HeldSignals::release() const {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Result<SignalQueue> SignalQueue::create() {
  const sigset_t set = orders();
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) return fail_errno("sigprocmask");
  // What the parent ignored (nohup, a careless supervisor) stays ignored after an exec: an ignored
  // SIGCHLD would make waitpid fail, and other signals would be lost.
  for (const int number : kOrders) set_disposition(number, SIG_DFL);
  set_write_signals(SIG_IGN);

  SignalQueue queue;
  auto signals = adopt(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  if (!signals) return tl::unexpected(signals.error());
  queue.signals_ = std::move(*signals);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2", "wake-up");
  queue.woken_end_.reset(ends[0]);
  queue.wake_end_.reset(ends[1]);
  return queue;
}

std::optional<int> SignalQueue::wait_for(milliseconds timeout, std::span<const pollfd> others) {
  const MonotonicTime present = now();
  const bool may_be_woken = present >= wakes_from_;
  std::array<pollfd, 2 + kOthersMax> waited{
      pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
      pollfd{.fd = may_be_woken ? woken_end_.get() : -1, .events = POLLIN, .revents = 0}};
  others = others.first(std::min(others.size(), kOthersMax));
  std::copy(others.begin(), others.end(), waited.begin() + 2);
  if (!may_be_woken) {
    timeout = std::min(timeout, std::chrono::ceil<milliseconds>(wakes_from_ - present));
  }
  if (std::exchange(is_woken_, false)) timeout = milliseconds{0};
  const auto whole_seconds = std::chrono::duration_cast<seconds>(timeout);
  const timespec until{
      .tv_sec = whole_seconds.count(),
      .tv_nsec = std::chrono::nanoseconds(timeout - whole_seconds).count(),
  };
  if (::ppoll(waited.data(), 2 + others.size(), &until, nullptr) <= 0) return std::nullopt;
  if ((waited[1].revents & POLLIN) != 0) take_wakes();
  auto signal = read_signal();
  // Children may end without pause. Also, whoever hears that a child ended then knows that no order
  // came before it.
  for (int looks = 0; signal == SIGCHLD && looks < kLooksBehindChildren; ++looks) {
    const auto next = read_signal();
    if (!next) break;
    signal = next;
  }
  return signal;
}

/// If there is more, the rest ends the next wait.
void SignalQueue::take_wakes() {
  std::array<char, 4096> bytes;
  static_cast<void>(::read(woken_end_.get(), bytes.data(), bytes.size()) < 0);
  wakes_from_ = now() + kBetweenWakes;
}

std::optional<int> SignalQueue::read_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
  if (is_from_terminal(info)) return std::nullopt;
  sender_ = info.ssi_code == SI_USER ? static_cast<pid_t>(info.ssi_pid) : 0;
  return static_cast<int>(info.ssi_signo);
}

void reset_signals_for_worker() {
  for (int number = 1; number < NSIG; ++number) set_disposition(number, SIG_DFL);
  set_write_signals(SIG_IGN);
  const sigset_t blocked = orders_of_worker();
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

sigset_t hold_orders_of_worker() {
  const sigset_t blocked = orders_of_worker();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  return before;
}

void release_orders(const sigset_t& before) {
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

void restore_signals() {
  for (const int number : kOrders) set_disposition(number, SIG_DFL);
  set_write_signals(SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace alicorn
