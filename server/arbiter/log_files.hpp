// The log files: who owns them, what a rotation does, and the level that an operator has ordered.
// Master; open_in_child() runs in its children.
#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/spawn/errand.hpp"
#include "server/arbiter/spawn/zygote.hpp"
#include "server/host/privileges.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace alicorn {

class LogFiles {
 public:
  LogFiles(Fleet& fleet, Zygotes& zygotes, const std::optional<Identity>& identity)
      : fleet_(fleet), zygotes_(zygotes), identity_(identity) {}

  /// The master's own log, at start.
  Result<void> open_first(const log::Settings& settings) const;
  /// The files of a generation, as its processes inherit them: none if it is a standard stream.
  Result<ErrandFind> open_error_log(const Config& config) const;
  Result<ErrandFind> open_access_log(const Config& config) const;

  /// From now on this process logs as that generation's configuration says. The file is already
  /// open, so nobody waits for a disk here.
  Result<void> log_as(std::uint32_t generation) const;
  /// In a child. The master logs as the goal generation says; without this call, a stand-in worker
  /// of the serving generation would keep that log for life.
  void open_in_child(std::uint32_t generation);

  /// A rotation. `done` is called with the result.
  Errand reopening(std::function<void(const Result<void>&)> done);

  /// Sets the level of this process, of every worker at its next sweep, and of future workers.
  void order_level(log::Level level);
  /// A reload: the configured levels apply again; a worker of an older generation gets the level of
  /// its own configuration.
  void withdraw_level();
  /// The level that an operator ordered, until a reload.
  std::optional<log::Level> ordered_level() const { return ordered_level_; }

 private:
  Result<void> take_reopened(const std::vector<std::uint32_t>& numbers, Result<ErrandFinds> finds);
  void tell_of_new_files();

  Fleet& fleet_;
  Zygotes& zygotes_;
  const std::optional<Identity>& identity_;
  std::optional<log::Level> ordered_level_;
};

}  // namespace alicorn
