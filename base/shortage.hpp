// Names the limit that a call has hit, and how to raise it. An errno tells an operator nothing.
// Used in any process.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

/// What was to be started: a fork or a new thread.
enum class TaskKind { kProcess, kThread };

/// The error of a fork, or of the start of a thread.
tl::unexpected<Error> fail_task(TaskKind task, int error, std::string_view operation,
                                std::string_view object = {});

/// Names the limit behind a lack of descriptors or memory. Returns "" for any other error, or if
/// the limit is unknown. Error::text() includes it.
std::string name_limit(int error);

/// Threads get the stack size of RLIMIT_STACK. With a smaller stack than this the server would
/// crash before it could say why.
inline constexpr std::uint64_t kStackMin = std::uint64_t{256} << 10;
Result<void> require_stack();

// The parts of these messages: facts, read after the failed call, and their meaning.

/// Empty means unlimited.
using Limit = std::optional<std::uint64_t>;

struct MemoryFacts {
  Limit address_space{};   ///< RLIMIT_AS
  Limit data{};            ///< RLIMIT_DATA
  std::uint64_t size = 0;  ///< current size of the address space
  bool is_strict = false;  ///< vm.overcommit_memory is 2
};
std::string explain_memory(const MemoryFacts& facts);

struct PidsCgroup {
  std::string path;
  std::uint64_t max = 0;
  bool is_full = false;  ///< now; otherwise it was full at some time
};
struct TaskFacts {
  std::optional<PidsCgroup> cgroup{};
  Limit user_tasks{};  ///< RLIMIT_NPROC, if it applies to this user
  Limit stack{};       ///< of a thread, set if there is no room for it
  MemoryFacts memory{};
};
std::string explain_task(const TaskFacts& facts);

/// Finds a cgroup that is or was full, among the process's cgroups and their parents. `cgroups` has
/// the format of /proc/self/cgroup; `root` is the mount point of the cgroups.
std::optional<PidsCgroup> find_full_cgroup(std::string_view cgroups, const std::string& root);

}  // namespace alicorn
