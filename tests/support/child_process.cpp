#include "tests/support/child_process.hpp"

#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

constexpr int kCannotExecute = 127;

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// The test's environment without variables that would configure a server unnoticed.
std::vector<std::string> environment_of(const ChildProcess::Start& start) {
  constexpr std::string_view kUnwanted[] = {
      "PORT=", "WEB_CONCURRENCY=", "ALICORN_", "FORWARDED_ALLOW_IPS=", "NOTIFY_SOCKET=", "LISTEN_"};
  std::vector<std::string> environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool is_unwanted = std::any_of(std::begin(kUnwanted), std::end(kUnwanted),
                                         [&](auto prefix) { return text.starts_with(prefix); });
    if (!is_unwanted) environment.emplace_back(text);
  }
  for (const auto& [name, value] : start.environment) environment.push_back(name + "=" + value);
  return environment;
}

/// Runs in the child of a process that may have threads, so it makes system calls only.
[[noreturn]] void execute(const ChildProcess::Start& start, int output, char* const* arguments,
                          char* const* environment) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed by its timeout leaves nothing behind
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  for (const auto& [ours, number] : start.descriptors) {
    if (ours == number) {
      ::fcntl(number, F_SETFD, 0);
    } else {
      ::dup2(ours, number);
    }
  }
  if (::chdir(start.directory.c_str()) == 0) ::execvpe(arguments[0], arguments, environment);
  ::_exit(kCannotExecute);
}

Ending ending_of(int status) {
  if (WIFSIGNALED(status)) return {.exit_code = -1, .signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status), .signal = 0};
}

std::string name_of(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/comm");
}

/// The address of the program's code, which changes with each exec.
std::string place_of_code(pid_t pid) {
  constexpr int kPlaceOfCode = 26, kAfterName = 3;
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = status.rfind(") ");
  std::istringstream fields(name_end == std::string::npos ? "" : status.substr(name_end + 2));
  std::string field;
  for (int i = kAfterName; i <= kPlaceOfCode; ++i) fields >> field;
  return field;
}

/// True if the child has executed nothing since its fork.
bool is_fork(pid_t child, pid_t parent) {
  return place_of_code(child) == place_of_code(parent);
}

}  // namespace

ChildProcess::ChildProcess(const Start& start) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int output =
      ::open(start.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) throw std::runtime_error("cannot write " + start.output_path);
  const std::vector<std::string> environment = environment_of(start);
  const std::vector<char*> argument_pointers = pointers_to(start.arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  pid_ = ::fork();
  if (pid_ == 0) execute(start, output, argument_pointers.data(), environment_pointers.data());
  ::close(output);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  ::setpgid(pid_, pid_);  // in both processes: a signal must find the group
}

ChildProcess::~ChildProcess() {
  if (group_ends(milliseconds(0))) return;
  ::kill(-pid_, SIGKILL);
  group_ends();
}

void ChildProcess::signal(int number) const {
  if (!ending_) ::kill(pid_, number);  // afterwards the pid may be reused
}

void ChildProcess::reap(int options) {
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-pid_, &status, options)) > 0;) {
    if (pid == pid_) ending_ = ending_of(status);
  }
}

std::optional<Ending> ChildProcess::wait(milliseconds limit) {
  eventually(
      [&] {
        reap(WNOHANG);
        return ending_.has_value();
      },
      limit);
  return ending_;
}

bool ChildProcess::group_ends(milliseconds limit) {
  // Not asked again once it was true: the number may belong to another group by then.
  group_is_gone_ = group_is_gone_ || eventually(
                                         [&] {
                                           reap(WNOHANG);
                                           return ::kill(-pid_, 0) < 0;
                                         },
                                         limit);
  return group_is_gone_;
}

std::vector<pid_t> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> children;
  for (pid_t child; file >> child;) {
    const std::string name = name_of(child);
    const bool is_nothing_yet = name == "alicorn: master\n" && is_fork(child, pid);
    if (name != "alicorn: errand\n" && !is_nothing_yet) children.push_back(child);
  }
  return children;
}

bool is_alive(pid_t pid) {
  // "pid (name) state ...". A zombie only waits to be reaped by its parent.
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = status.rfind(") ");
  return name_end != std::string::npos && status[name_end + 2] != 'Z';
}

milliseconds cpu_time(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  long in_user = 0, in_kernel = 0;
  fields >> in_user >> in_kernel;
  return milliseconds((in_user + in_kernel) * 1000 / ::sysconf(_SC_CLK_TCK));
}

CommandResult run_command(const Arguments& arguments, milliseconds limit) {
  const TemporaryFolder folder;
  const std::string output = folder / "output";
  ChildProcess process({.arguments = arguments, .output_path = output, .directory = folder / ""});
  const auto ending = process.wait(limit);
  return {ending.value_or(Ending{}), read_file(output)};
}

std::string must(const CommandResult& result, const std::string& what) {
  if (result.ending.exit_code != 0) throw std::runtime_error(what + ": " + result.output);
  return result.output;
}

bool is_installed(const std::string& program) {
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (::access((std::string(folder) + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace alicorn::test
