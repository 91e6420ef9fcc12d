// Names the limit that a call has run into, and what raises it: an errno alone tells an operator
// nothing. Any process.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

/// What a fork or a new thread takes.
enum class TaskKind { kProcess, kThread };

/// A fork, or the start of a thread, that has failed.
tl::unexpected<Error> fail_task(TaskKind task, int error, std::string_view operation,
                                std::string_view object = {});

/// For a lack of descriptors or memory; "": another error, or nothing is known. Error::text() has
/// it.
std::string name_limit(int error);

/// Threads get the stack that RLIMIT_STACK says, and with less than this the server would crash
/// before it could say why.
inline constexpr std::uint64_t kStackMin = std::uint64_t{256} << 10;
Result<void> require_stack();

// What that is made of: facts, looked at after the call, and what they mean.

/// Nothing: unlimited.
using Limit = std::optional<std::uint64_t>;

struct MemoryFacts {
  Limit address_space{};   ///< RLIMIT_AS
  Limit data{};            ///< RLIMIT_DATA
  std::uint64_t size = 0;  ///< of this process's address space
  bool is_strict = false;  ///< vm.overcommit_memory is 2
};
std::string explain_memory(const MemoryFacts& facts);

struct PidsCgroup {
  std::string path;
  std::uint64_t max = 0;
  bool is_full = false;  ///< now; else it has refused somebody since it was made
};
struct TaskFacts {
  std::optional<PidsCgroup> cgroup{};
  Limit user_tasks{};  ///< RLIMIT_NPROC, where it holds for this user
  Limit stack{};       ///< of a thread, if there is no room for one
  MemoryFacts memory{};
};
std::string explain_task(const TaskFacts& facts);

/// Of a process's cgroups, and those above them, one that is full, or was. `cgroups`: as in
/// /proc/self/cgroup; `root`: where they are mounted.
std::optional<PidsCgroup> find_full_cgroup(std::string_view cgroups, const std::string& root);

}  // namespace alicorn
