// The files of the logs: whose they are, what a rotation does, and the level that an operator has
// ordered. Master; open_in_child() runs in its children.
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

  /// The master's own, at start.
  Result<void> open_first(const log::Settings& settings) const;
  /// The files of a generation, as its processes inherit them: none for a standard stream.
  Result<ErrandFind> open_error_log(const Config& config) const;
  Result<ErrandFind> open_access_log(const Config& config) const;

  /// This process logs as that generation says from now on. The file is open: nobody waits for a
  /// disk here.
  Result<void> log_as(std::uint32_t generation) const;
  /// In a child. The master logs as the goal generation says; whoever stands in for a worker of the
  /// generation that serves would keep that for life.
  void open_in_child(std::uint32_t generation);

  /// A rotation. `done` hears how it went.
  Errand reopening(std::function<void(const Result<void>&)> done);

  /// Sets the level of this process, of every worker at its next sweep, and of workers to come.
  void order_level(log::Level level);
  /// A reload: the configured levels hold again, for workers of an older generation that of theirs.
  void withdraw_level();
  /// By an operator, until a reload.
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
