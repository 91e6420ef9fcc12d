#include "server/arbiter/upgrade/predecessor.hpp"

#include "server/arbiter/upgrade/upgrade_message.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr const char* kParentVariable = "ALICORN_PARENT_PID";
constexpr const char* kParentLeavesVariable = "ALICORN_PARENT_LEAVES";
constexpr const char* kStderrVariable = "ALICORN_STDERR_FD";
constexpr int kNumberMax = std::numeric_limits<int>::max();  // of what take_number() reads

/// A positive number; 0: there is none.
int take_number(const char* variable) {
  const char* const value = std::getenv(variable);
  const std::string_view digits = value != nullptr ? value : "";
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  ::unsetenv(variable);
  return error == std::errc{} && number > 0 ? number : 0;
}

UniqueFd take_stderr_back() {
  const int number = take_number(kStderrVariable);
  if (number <= STDERR_FILENO || ::fcntl(number, F_GETFD) < 0) return {};
  const UniqueFd kept(number);
  UniqueFd pipe(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  ::dup2(kept.get(), STDERR_FILENO);
  return pipe;
}

}  // namespace

Predecessor Predecessor::from_environment() {
  Predecessor predecessor;
  predecessor.pid_ = take_number(kParentVariable);
  predecessor.leaves_within_ = milliseconds(take_number(kParentLeavesVariable));
  predecessor.pipe_ = take_stderr_back();
  return predecessor;
}

/// Until the new master has its own log, everything it prints goes to the old one, including
/// complaints of the dynamic linker and errors in the configuration.
void Predecessor::hand_over(pid_t parent, std::optional<milliseconds> leaves_within,
                            const UniqueFd& pipe) {
  ::setenv(kParentVariable, std::to_string(parent).c_str(), 1);
  if (leaves_within) {
    const auto ms = std::clamp<milliseconds::rep>(leaves_within->count(), 1, kNumberMax);
    ::setenv(kParentLeavesVariable, std::to_string(ms).c_str(), 1);
  }
  const int kept = ::fcntl(STDERR_FILENO, F_DUPFD, STDERR_FILENO + 1);
  if (kept < 0) return;
  ::setenv(kStderrVariable, std::to_string(kept).c_str(), 1);
  ::dup2(pipe.get(), STDERR_FILENO);
}

bool Predecessor::is_there() const {
  return pid_ > 0 && ::getppid() == pid_;
}

bool Predecessor::has_hung_up() const {
  pollfd look{.fd = pipe_.get(), .events = 0, .revents = 0};
  return pipe_ && ::poll(&look, 1, 0) > 0 && (look.revents & POLLERR) != 0;
}

void Predecessor::say(std::string_view line) const {
  write(std::string(line) + "\n");
}

bool Predecessor::say_serving(const std::vector<int>& superseded) const {
  return write(describe_serving(superseded));
}

bool Predecessor::write(std::string_view text) const {
  return pipe_ && ::write(pipe_.get(), text.data(), text.size()) >= 0;
}

}  // namespace alicorn
