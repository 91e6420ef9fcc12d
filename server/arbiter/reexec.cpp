#include "server/arbiter/reexec.hpp"

#include "server/host/inherited_listeners.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr const char* kParentVariable = "ALICORN_PARENT_PID";
constexpr const char* kParentLeavesVariable = "ALICORN_PARENT_LEAVES";
constexpr const char* kStderrVariable = "ALICORN_STDERR_FD";

/// As the shell found it. Not what /proc/self/exe points to: behind a symbolic link that was moved
/// to a new release, that is still the old binary.
std::string find_program(const std::string& name, const std::string& directory) {
  if (name.find('/') != std::string::npos) {
    return name.front() == '/' ? name : directory + "/" + name;
  }
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty() && !name.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    std::string folder(entry.empty() ? "." : entry);
    if (folder.front() != '/') folder.insert(0, directory + "/");
    std::string program = folder.append("/").append(name);
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return "/proc/self/exe";
}

/// A positive number; 0: there is none.
int take_number(const char* variable) {
  const char* const value = std::getenv(variable);
  const std::string_view digits = value != nullptr ? value : "";
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  ::unsetenv(variable);
  return error == std::errc{} && number > 0 ? number : 0;
}

/// Until the new master has its own log, whatever it says goes to the old one: also what the
/// dynamic linker finds missing, and what is wrong with the configuration.
void hand_over_stderr(const UniqueFd& pipe) {
  const int kept = ::fcntl(STDERR_FILENO, F_DUPFD, STDERR_FILENO + 1);
  if (kept < 0) return;
  ::setenv(kStderrVariable, std::to_string(kept).c_str(), 1);
  ::dup2(pipe.get(), STDERR_FILENO);
}

UniqueFd take_stderr_back() {
  const int number = take_number(kStderrVariable);
  if (number <= STDERR_FILENO || ::fcntl(number, F_GETFD) < 0) return {};
  const UniqueFd kept(number);
  UniqueFd pipe(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  ::dup2(kept.get(), STDERR_FILENO);
  return pipe;
}

/// In the child: systemd's variables must name the process that reads them.
void prepare_successor(const Listeners& listeners, pid_t parent, bool parent_leaves,
                       const UniqueFd& pipe) {
  hand_over_stderr(pipe);
  std::size_t from_systemd = 0;
  for (const auto& listener : listeners) {
    if (listener->origin == Listener::Origin::kSystemd) ++from_systemd;
  }
  if (from_systemd > 0) {
    ::setenv("LISTEN_FDS", std::to_string(from_systemd).c_str(), 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
  ::setenv(kUpgradeFdsVariable, describe_for_upgrade(listeners).c_str(), 1);
  ::setenv(kParentVariable, std::to_string(parent).c_str(), 1);
  if (parent_leaves) ::setenv(kParentLeavesVariable, "1", 1);
}

}  // namespace

Upgrade::Upgrade(const CommandLine& command_line)
    : program_(find_program(command_line.argv.empty() ? "" : command_line.argv.front(),
                            command_line.working_directory)),
      arguments_(command_line.argv),
      directory_(command_line.working_directory),
      predecessor_(take_number(kParentVariable)),
      predecessor_leaves_(take_number(kParentLeavesVariable) > 0),
      to_predecessor_(take_stderr_back()) {}

bool Upgrade::has_predecessor() const {
  return is_successor() && ::getppid() == predecessor_;
}

/// One that has been dismissed does not go on.
bool Upgrade::has_peer() const {
  if (has_predecessor()) return !has_leaving_predecessor();
  return has_successor() && successor_.stage() != Successor::Stage::kDismissed;
}

bool Upgrade::is_main() const {
  if (has_predecessor()) return serves_;
  return successor_.stage() != Successor::Stage::kServing;
}

Result<pid_t> Upgrade::start(const Listeners& listeners, Pidfile& pidfile,
                             const ServiceNotifier& notifier, const Plan& plan) {
  int ends[2];
  // A new master that says more than the pipe holds must not wait for an old one that reads at its
  // end.
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2", "upgrade");
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  pidfile_path_ = pidfile.path();
  if (const auto moved = pidfile.move_to(pidfile_path_ + ".oldbin"); !moved) {
    return tl::unexpected(moved.error());
  }
  ProgramSpawn spawn{.program = program_,
                     .arguments = arguments_,
                     .directory = directory_,
                     .inherited = {},
                     .before_exec = [&, parent = ::getpid()] {
                       prepare_successor(listeners, parent, plan.is_automatic, write_end);
                       notifier.hand_over();
                     }};
  for (const auto& listener : listeners) spawn.inherited.push_back(listener->fd.get());
  auto pid = spawn_program(spawn);
  if (pid) {
    successor_ = Successor(*pid, std::move(read_end), plan.serves_by);
    plan_ = plan;
  } else {
    static_cast<void>(pidfile.move_to(pidfile_path_));
  }
  return pid;
}

bool Upgrade::on_exit(const ExitReport& report, Pidfile& pidfile) {
  if (!has_successor() || report.pid != successor_.pid()) return false;
  successor_.listen();
  last_words_ = successor_.last_words();
  successor_ = Successor();
  static_cast<void>(pidfile.move_to(pidfile_path_));
  return true;
}

std::optional<MonotonicTime> Upgrade::next_event(MonotonicTime now) const {
  // Nobody tells a child of its parent's end.
  constexpr milliseconds kLookAtPredecessor{100};
  if (!put_off_.empty() && relieves_predecessor()) return now + kLookAtPredecessor;
  return successor_.next_event();
}

}  // namespace alicorn
