#include "server/arbiter/reexec.hpp"

#include "server/host/inherited_listeners.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace alicorn {
namespace {

constexpr const char* kParentVariable = "ALICORN_PARENT_PID";

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

pid_t take_parent_pid() {
  const char* const value = std::getenv(kParentVariable);
  const std::string_view digits = value != nullptr ? value : "";
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  ::unsetenv(kParentVariable);
  return error == std::errc{} && pid > 0 ? pid : 0;
}

/// In the child: systemd's variables must name the process that reads them.
void hand_over(const Listeners& listeners, pid_t parent) {
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
}

}  // namespace

Upgrade::Upgrade(const CommandLine& command_line)
    : program_(find_program(command_line.argv.empty() ? "" : command_line.argv.front(),
                            command_line.working_directory)),
      arguments_(command_line.argv),
      directory_(command_line.working_directory),
      predecessor_(take_parent_pid()) {}

bool Upgrade::has_predecessor() const {
  return is_successor() && ::getppid() == predecessor_;
}

Result<pid_t> Upgrade::start(const Listeners& listeners, Pidfile& pidfile) {
  pidfile_path_ = pidfile.path();
  if (const auto moved = pidfile.move_to(pidfile_path_ + ".oldbin"); !moved) {
    return tl::unexpected(moved.error());
  }
  ProgramSpawn spawn{
      .program = program_,
      .arguments = arguments_,
      .directory = directory_,
      .inherited = {},
      .before_exec = [&listeners, parent = ::getpid()] { hand_over(listeners, parent); }};
  for (const auto& listener : listeners) spawn.inherited.push_back(listener->fd.get());
  auto pid = spawn_program(spawn);
  if (pid) {
    successor_ = *pid;
  } else {
    static_cast<void>(pidfile.move_to(pidfile_path_));
  }
  return pid;
}

bool Upgrade::on_exit(const ExitReport& report, Pidfile& pidfile) {
  if (successor_ == 0 || report.pid != successor_) return false;
  successor_ = 0;
  static_cast<void>(pidfile.move_to(pidfile_path_));
  return true;
}

}  // namespace alicorn
