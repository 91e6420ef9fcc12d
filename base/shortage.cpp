#include "base/shortage.hpp"

#include "base/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr const char* kCgroups = "/sys/fs/cgroup";

/// The first bytes of a small file; "" if it cannot be read.
std::string head_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return {};
  std::array<char, 4096> buffer{};
  const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
  return size <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

/// Empty if the text is not a number, such as "max".
Limit number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? Limit(number) : std::nullopt;
}

Limit limit_of(__rlimit_resource resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

std::string in_kib(std::uint64_t bytes) {
  return std::to_string(bytes / 1024) + " KiB";
}

MemoryFacts look_at_memory() {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {.address_space = limit_of(RLIMIT_AS),
          .data = limit_of(RLIMIT_DATA),
          .size = number_in(head_of("/proc/self/statm")).value_or(0) * page,
          .is_strict = head_of("/proc/sys/vm/overcommit_memory").starts_with('2')};
}

/// The stack size of a thread, if that much memory cannot be allocated.
Limit stack_without_room() {
  pthread_attr_t attributes;
  std::size_t size = 0;
  if (::pthread_getattr_default_np(&attributes) != 0) return std::nullopt;
  ::pthread_attr_getstacksize(&attributes, &size);
  ::pthread_attr_destroy(&attributes);
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return size;
  ::munmap(memory, size);
  return std::nullopt;
}

std::optional<PidsCgroup> look_at_cgroup(const std::string& root, std::string_view path) {
  const std::string folder = root + std::string(path);
  const Limit max = number_in(head_of(folder + "/pids.max"));
  const Limit current = number_in(head_of(folder + "/pids.current"));
  if (!max || !current) return std::nullopt;
  // The process that took the last place may have gone. "max 3" means that a fork was refused three
  // times.
  constexpr std::string_view kRefusals = "max ";
  const std::string events_file = head_of(folder + "/pids.events");
  std::string_view events = events_file;
  if (events.starts_with(kRefusals)) events.remove_prefix(kRefusals.size());
  const bool is_full = *current >= *max;
  if (!is_full && number_in(events).value_or(0) == 0) return std::nullopt;
  return PidsCgroup{.path = std::string(path), .max = *max, .is_full = is_full};
}

}  // namespace

std::string explain_memory(const MemoryFacts& facts) {
  if (facts.address_space) {
    return "RLIMIT_AS, the address space of a process, is " + in_kib(*facts.address_space) +
           ", of which " + in_kib(facts.size) + " are taken: raise it (ulimit -v, LimitAS=)";
  }
  if (facts.data) {
    return "RLIMIT_DATA, the memory of a process, is " + in_kib(*facts.data) +
           ": raise it (ulimit -d, LimitDATA=)";
  }
  if (facts.is_strict) {
    return "vm.overcommit_memory is 2, and Committed_AS in /proc/meminfo is at CommitLimit: raise "
           "vm.overcommit_ratio, or have fewer workers or threads";
  }
  return "";
}

std::string explain_task(const TaskFacts& facts) {
  if (facts.stack) {
    std::string text = "a thread's stack is RLIMIT_STACK, " + in_kib(*facts.stack) +
                       ", and there is no room for it: lower that (ulimit -s, LimitSTACK=)";
    const std::string memory = explain_memory(facts.memory);
    return memory.empty() ? text : text.append("; ").append(memory);
  }
  const bool is_full = facts.cgroup && facts.cgroup->is_full;
  if (is_full || (facts.cgroup && !facts.user_tasks)) {
    return "pids.max of the cgroup " + facts.cgroup->path + " is " +
           std::to_string(facts.cgroup->max) + ", and all " + (is_full ? "are" : "were") +
           " taken: raise it (TasksMax=, --pids-limit), or have fewer workers or threads";
  }
  if (facts.user_tasks) {
    return "RLIMIT_NPROC, the processes and threads of user " + std::to_string(::getuid()) +
           ", is " + std::to_string(*facts.user_tasks) +
           ": raise it (ulimit -u, LimitNPROC=), or have fewer workers or threads";
  }
  return "kernel.threads-max or kernel.pid_max, or a limit of the container, is reached";
}

std::optional<PidsCgroup> find_full_cgroup(std::string_view cgroups, const std::string& root) {
  std::optional<PidsCgroup> best;
  while (!cgroups.empty()) {
    const std::string_view line = cgroups.substr(0, cgroups.find('\n'));
    cgroups.remove_prefix(std::min(line.size() + 1, cgroups.size()));
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool is_v2 = controllers.empty();
    if (!is_v2 && controllers != "pids") continue;
    const std::string mount = root + (is_v2 ? "" : "/pids");
    const auto look = [&](std::string_view path) {
      auto found = look_at_cgroup(mount, path);
      if (found && (found->is_full || !best)) best = std::move(found);
      return best && best->is_full;
    };
    for (std::string_view path = line.substr(second + 1); !path.empty();
         path = path.substr(0, path.rfind('/'))) {
      if (look(path)) return best;
    }
    // In a container the mount may show only the container's own cgroup, whatever the path outside
    // is.
    if (look("/")) return best;
  }
  return best;
}

Result<void> require_stack() {
  const Limit stack = limit_of(RLIMIT_STACK);
  if (!stack || *stack >= kStackMin) return {};
  return fail("RLIMIT_STACK, the stack of a thread, is " + in_kib(*stack) + ": raise it to " +
              in_kib(kStackMin) + " or more (ulimit -s, LimitSTACK=)");
}

std::string name_limit(int error) {
  if (error == EMFILE) {
    const Limit files = limit_of(RLIMIT_NOFILE);
    if (!files) return "";
    return "RLIMIT_NOFILE, the open files of a process, is " + std::to_string(*files) +
           ": raise it (ulimit -n, LimitNOFILE=)";
  }
  if (error == ENFILE) return "fs.file-max, the open files of the machine, is reached: raise it";
  return error == ENOMEM ? explain_memory(look_at_memory()) : "";
}

tl::unexpected<Error> fail_task(TaskKind task, int error, std::string_view operation,
                                std::string_view object) {
  std::string text(operation);
  if (!object.empty()) text.append(" ").append(object);
  text.append(": ").append(std::error_code(error, std::system_category()).message());
  if (error != EAGAIN && error != ENOMEM) return fail(std::move(text));
  TaskFacts facts;
  facts.memory = look_at_memory();
  if (task == TaskKind::kThread) facts.stack = stack_without_room();
  facts.cgroup = find_full_cgroup(head_of("/proc/self/cgroup"), kCgroups);
  if (::getuid() != 0) facts.user_tasks = limit_of(RLIMIT_NPROC);
  const std::string limit = error == ENOMEM ? explain_memory(facts.memory) : explain_task(facts);
  if (!limit.empty()) text.append(" (").append(limit).append(")");
  return fail(std::move(text));
}

}  // namespace alicorn
