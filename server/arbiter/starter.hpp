// Reports how the start went to those who wait for it: the command that made a daemon, or the old
// master of an upgrade. Each is told once. Master.
#pragma once

#include "base/log.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/host/daemonize.hpp"
#include "workers/contract/exit_code.hpp"

#include <string>
#include <string_view>

namespace alicorn {

class Starter {
 public:
  Starter(Upgrade& upgrade, const log::Settings& log)
      : upgrade_(upgrade), log_is_elsewhere_(log.path != "-") {}

  /// Moves into the background. A command then waits for this process.
  Result<void> leave_for_background(milliseconds patience);
  /// The log could not be opened: its lines go to standard error.
  void note_missing_log() { log_is_elsewhere_ = false; }

  void tell_success() { report_.send(ExitCode::kOk); }
  void tell_failure(ExitCode code, const std::string& line);
  /// Logs the text. Also tells whoever started the server, if they do not see the log.
  void complain(ExitCode code, std::string_view text);
  /// A descriptor that no child may keep.
  int fd() const { return report_.fd(); }

 private:
  Upgrade& upgrade_;
  StartReport report_;
  bool log_is_elsewhere_;  ///< the log is not standard error
};

}  // namespace alicorn
