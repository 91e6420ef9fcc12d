#include "server/host/daemonize.hpp"

#include "server/host/process.hpp"
#include "server/host/signal_queue.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Allows for what the daemon does besides its start, on a busy machine.
constexpr milliseconds kSlack{5'000};

/// False: nothing has come by the deadline, not even end of file.
bool is_readable(const UniqueFd& pipe, MonotonicTime deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - now());
    pollfd look{.fd = pipe.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&look, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

/// First byte: the exit code; the rest: a message. End of file without a byte: the daemon died
/// while starting.
[[noreturn]] void wait_for_report(const UniqueFd& pipe, milliseconds patience) {
  auto code = static_cast<unsigned char>(ExitCode::kCannotStart);
  bool is_first = true;
  MonotonicTime deadline = now() + patience + kSlack;
  std::array<char, 1024> buffer{};
  while (is_readable(pipe, deadline)) {
    const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) ::_exit(code);
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    if (is_first) {
      code = static_cast<unsigned char>(text.front());
      text.remove_prefix(1);
      is_first = false;
      deadline = now() + patience + kSlack;  // after a failure: until the daemon has ended
    }
    // If the terminal does not take the message, nothing can be done.
    if (!text.empty() && ::write(STDERR_FILENO, text.data(), text.size()) < 0) ::_exit(code);
  }
  if (is_first) {
    const auto seconds_waited =
        std::chrono::duration_cast<seconds>(patience + kSlack + milliseconds(999)).count();
    ::dprintf(STDERR_FILENO,
              "alicorn: the server does not say within %lld s whether it serves: it is stopped, or "
              "stuck. It was left as it is; its log and pidfile say which process it is\n",
              static_cast<long long>(seconds_waited));
  }
  ::_exit(code);
}

Result<void> leave_terminal() {
  const auto null = adopt(::open("/dev/null", O_RDWR | O_CLOEXEC), "open", "/dev/null");
  if (!null) return tl::unexpected(null.error());
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(null->get(), fd) < 0) return fail_errno("dup2", "/dev/null");
  }
  return {};
}

}  // namespace

void StartReport::send(ExitCode code, std::string_view message) {
  if (!pipe_ || std::exchange(was_sent_, true)) return;
  std::string text(1, static_cast<char>(code));
  text.append(message);
  if (!message.empty()) text.append("\n");
  // The command may have been interrupted: the daemon goes on without it.
  if (::write(pipe_.get(), text.data(), text.size()) < 0) errno = 0;
  if (code == ExitCode::kOk) pipe_.reset();
}

Result<StartReport> daemonize(milliseconds patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2", "daemon");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);

  const auto child = fork_in_two();
  if (!child) return tl::unexpected(child.error());
  if (*child > 0) {
    write_end.reset();
    restore_signals();  // the command may be interrupted
    wait_for_report(read_end, patience);
  }
  read_end.reset();
  StartReport report(std::move(write_end));
  // Without a session of its own, the daemon would get the terminal's signals; as a session leader,
  // it would get a controlling terminal again by opening one. Hence the second fork.
  if (::setsid() < 0) return fail_errno("setsid");
  const auto grandchild = fork_in_two();
  if (!grandchild) return tl::unexpected(grandchild.error());
  if (*grandchild > 0) ::_exit(0);
  if (const auto left = leave_terminal(); !left) return tl::unexpected(left.error());
  return report;
}

}  // namespace alicorn
