// Into the background. The command that started the server waits until it serves, and says why if
// it does not. Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/exit_code.hpp"

#include <string_view>

namespace alicorn {

/// What the daemon tells the command that waits for it; in the foreground nobody waits.
class StartReport {
 public:
  StartReport() = default;
  explicit StartReport(UniqueFd pipe) : pipe_(std::move(pipe)) {}

  /// The waiting command prints the message and exits with the code: of a failure, when this
  /// process has ended, for until then the pidfile and the addresses are taken. Only the first call
  /// counts.
  void send(ExitCode code, std::string_view message = {});
  /// What no child may keep: the command waits for the end of this pipe too.
  int fd() const { return pipe_.get(); }

 private:
  UniqueFd pipe_;
  bool was_sent_ = false;
};

/// Returns in the daemon alone: session leader no more, input and outputs /dev/null, same
/// directory. `patience`: the longest that a start may take; the command that waits says then that
/// it has heard nothing.
Result<StartReport> daemonize(milliseconds patience);

}  // namespace alicorn
