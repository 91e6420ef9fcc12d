// The operator's commands that the master runs at certain events, as the configuration gives them.
// Master.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

enum class Hook {
  kOnStarting,
  kWhenReady,
  kOnReload,
  kNworkersChanged,
  kPreFork,
  kChildExit,
  kWorkerAbort,
  kPreExec,
  kOnExit
};
inline constexpr std::array<std::string_view, 9> kHookNames = {
    "on_starting", "when_ready",   "on_reload", "nworkers_changed", "pre_fork",
    "child_exit",  "worker_abort", "pre_exec",  "on_exit"};

inline std::string_view name_of(Hook hook) {
  return kHookNames[static_cast<std::size_t>(hook)];
}

/// A program and its arguments for each hook; empty: nothing to run.
struct HookCommands {
  std::array<std::vector<std::string>, kHookNames.size()> words;

  const std::vector<std::string>& of(Hook hook) const {
    return words[static_cast<std::size_t>(hook)];
  }
  bool any() const {
    return std::any_of(words.begin(), words.end(), [](const auto& one) { return !one.empty(); });
  }
};

}  // namespace alicorn
