// Tells the operator's hooks about events of the master's life, with the facts of each event.
// Master.
#pragma once

#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hook_runner.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"

#include <cstdint>

#include <sys/types.h>

namespace alicorn {

class Hooks {
 public:
  /// `initial`: the configuration of the start, which holds until the first generation is open.
  Hooks(const Config& initial, const Fleet& fleet, const Upgrade& upgrade)
      : initial_(initial), fleet_(fleet), upgrade_(upgrade), told_target_(fleet.table.target()) {}

  void tell(Hook hook, HookRunner::Facts facts = {});
  /// `pid`: 0 if the worker has none yet.
  void tell_of_worker(Hook hook, std::uint32_t slot, pid_t pid, HookRunner::Facts facts = {});
  void tell_of_departure(const Departure& departure, const ExitReport& report);
  /// If the number of workers was changed by a signal, a reload or a command.
  void tell_of_new_target();

  HookRunner& runner() { return runner_; }
  const HookRunner& runner() const { return runner_; }

 private:
  const Config& initial_;
  const Fleet& fleet_;
  const Upgrade& upgrade_;
  HookRunner runner_;
  std::uint32_t told_target_;  ///< workers, as the hook nworkers_changed knows them
};

}  // namespace alicorn
