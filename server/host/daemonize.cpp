#include "server/host/daemonize.hpp"

#include "server/arbiter/process.hpp"
#include "server/arbiter/signal_queue.hpp"

#include <array>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// First byte: the exit code; the rest: a message. An end without a byte: it died while starting.
[[noreturn]] void wait_for_report(const UniqueFd& pipe) {
  auto code = static_cast<unsigned char>(ExitCode::kCannotStart);
  bool is_first = true;
  std::array<char, 1024> buffer{};
  for (ssize_t size = 0; (size = ::read(pipe.get(), buffer.data(), buffer.size())) != 0;) {
    if (size < 0) {
      if (errno == EINTR) continue;
      break;
    }
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    if (is_first) {
      code = static_cast<unsigned char>(text.front());
      text.remove_prefix(1);
      is_first = false;
    }
    // Nothing is left to do about a terminal that does not take it.
    if (!text.empty() && ::write(STDERR_FILENO, text.data(), text.size()) < 0) break;
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

Result<StartReport> daemonize() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2", "daemon");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);

  const auto child = fork_in_two();
  if (!child) return tl::unexpected(child.error());
  if (*child > 0) {
    write_end.reset();
    ::waitpid(*child, nullptr, 0);  // it lives only for the second fork
    restore_signals();              // the command may be interrupted
    wait_for_report(read_end);
  }
  read_end.reset();
  StartReport report(std::move(write_end));
  // Without a session of its own, the terminal's signals reach the daemon; as its leader, opening a
  // terminal would bind it to one again: hence the second fork.
  if (::setsid() < 0) return fail_errno("setsid");
  const auto grandchild = fork_in_two();
  if (!grandchild) return tl::unexpected(grandchild.error());
  if (*grandchild > 0) ::_exit(0);
  if (const auto left = leave_terminal(); !left) return tl::unexpected(left.error());
  return report;
}

}  // namespace alicorn
