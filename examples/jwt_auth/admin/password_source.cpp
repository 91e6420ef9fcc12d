#include "admin/password_source.hpp"

#include "admin/failure.hpp"
#include "passwords/passwords.hpp"

#include <cerrno>
#include <iostream>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

constexpr std::size_t kPasswordSizeMax = 4096;
constexpr char kControlC = 3;

/// Turns the terminal's echo off until the end of the scope. Signals are blocked for that long: a
/// Ctrl-C must not leave the terminal silent.
class SilentTerminal {
 public:
  SilentTerminal() : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (terminal_ < 0 || ::tcgetattr(terminal_, &before_) != 0) {
      if (terminal_ >= 0) ::close(terminal_);
      throw Failure("there is no terminal to ask for a password on; use --password-stdin");
    }
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
      ::sigaddset(&signals, number);
    }
    ::sigprocmask(SIG_BLOCK, &signals, &mask_before_);
    termios silent = before_;
    // Line editing stays on; Ctrl-C becomes a character that ends the line.
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_cc[VEOL] = kControlC;
    ::tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    ::close(terminal_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  std::string ask(std::string_view prompt) const {
    write(prompt);
    std::string line;
    for (char c = 0; ::read(terminal_, &c, 1) == 1 && c != '\n';) {
      if (c == kControlC) {
        write("\n");
        throw Failure("interrupted");
      }
      if (line.size() < kPasswordSizeMax) line += c;
    }
    write("\n");
    return line;
  }

 private:
  void write(std::string_view text) const {
    static_cast<void>(!::write(terminal_, text.data(), text.size()));
  }

  int terminal_;
  termios before_{};
  sigset_t mask_before_{};
};

}  // namespace

std::string ask_password(const std::string& prompt) {
  const SilentTerminal terminal;
  const std::string first = terminal.ask(prompt + ": ");
  if (terminal.ask(prompt + " (again): ") != first) throw Failure("the two passwords differ");
  return first;
}

std::string read_password() {
  std::string line;
  if (!std::getline(std::cin, line)) throw Failure("there is no password on standard input");
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string random_password() {
  constexpr std::size_t kLength = 22;  // 131 bits
  return random_letters(kLength);
}

}  // namespace jwt_auth::admin
