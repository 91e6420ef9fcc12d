#include "workers/loop/worker_signals.hpp"

#include <array>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::array kOrders = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
constexpr std::array kOfTheMaster = {SIGHUP, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH};
constexpr std::array kOfWrites = {SIGPIPE, SIGXFSZ};

// Global because a signal handler gets no argument. Written before any handler can run.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
int orders_fd = -1;
pid_t worker = 0;  // or the zygote
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void set_disposition(int number, void (*disposition)(int)) {
  struct sigaction action {};
  action.sa_handler = disposition;
  ::sigaction(number, &action, nullptr);
}

/// Behaves as if there were no handler: a child that the app has forked is not a worker.
void pass_to_default(int number) {
  set_disposition(number, SIG_DFL);
  ::kill(::getpid(), number);  // delivered after the handler returns
}

void on_order(int number, siginfo_t* /*info*/, void* /*context*/) {
  const int error = errno;
  if (::getpid() == worker) {
    const auto byte = static_cast<char>(number);
    static_cast<void>(::write(orders_fd, &byte, 1) == 1);  // if full: enough orders are there
  } else {
    pass_to_default(number);
  }
  errno = error;
}

void on_order_to_master(int number, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  if (::getpid() != worker) {
    pass_to_default(number);
  } else if (info->si_code == SI_KERNEL && (number == SIGTTIN || number == SIGTTOU)) {
    // The terminal sends this signal for each read or write from the background, and SA_RESTART
    // would restart the call forever. If the signal is ignored, the write succeeds and the read
    // fails.
    set_disposition(number, SIG_IGN);
  }
  errno = error;
}

void on_write(int /*number*/, siginfo_t* /*info*/, void* /*context*/) {}

void set_handler(int number, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK | SA_SIGINFO;
  ::sigaction(number, &action, nullptr);
}

bool is_unclaimed(int number) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  return (action.sa_flags & SA_SIGINFO) == 0 &&
         (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN);
}

}  // namespace

Result<UniqueFd> take_signals() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2", "signals");
  UniqueFd read_end(ends[0]);
  orders_fd = ends[1];  // stays open as long as the process lives
  worker = ::getpid();
  for (const int number : kOfTheMaster) set_handler(number, on_order_to_master);
  keep_signals();
  return read_end;
}

void take_no_orders() {
  orders_fd = -1;
  worker = ::getpid();
  for (const int number : kOfTheMaster) set_handler(number, on_order_to_master);
  keep_signals();
}

void unblock_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kOrders) ::sigaddset(&set, number);
  for (const int number : kOfTheMaster) ::sigaddset(&set, number);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void keep_signals() {
  for (const int number : kOrders) set_handler(number, on_order);
  for (const int number : kOfTheMaster) {
    if (is_unclaimed(number)) set_handler(number, on_order_to_master);
  }
  for (const int number : kOfWrites) {
    if (is_unclaimed(number)) set_handler(number, on_write);
  }
  unblock_signals();
}

}  // namespace alicorn
