// Tells those who wait for this server to start, the command that made a daemon or the old master
// of an upgrade, how the start went. Each hears it once. Master.
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

  /// Into the background, where a command waits for this process from now on.
  Result<void> leave_for_background(milliseconds patience);
  /// The log could not be opened: its lines go to standard error.
  void note_missing_log() { log_is_elsewhere_ = false; }

  void tell_success() { report_.send(ExitCode::kOk); }
  void tell_failure(ExitCode code, const std::string& line);
  /// The same, and to whoever started the server, where the log is not what they see.
  void complain(ExitCode code, std::string_view text);
  /// What no child may keep.
  int fd() const { return report_.fd(); }

 private:
  Upgrade& upgrade_;
  StartReport report_;
  bool log_is_elsewhere_;  ///< and not where standard error goes
};

}  // namespace alicorn
