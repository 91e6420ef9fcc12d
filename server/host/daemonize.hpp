// Moves the server into the background. The command that started it waits until it serves, or says
// why it does not. Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/exit_code.hpp"

#include <string_view>

namespace alicorn {

/// The daemon's report to the command that waits for it; in the foreground nobody waits.
class StartReport {
 public:
  StartReport() = default;
  explicit StartReport(UniqueFd pipe) : pipe_(std::move(pipe)) {}

  /// The waiting command prints the message and exits with the code. If the code is that of a
  /// failure, it does so only when this process has ended, because until then the pidfile and the
  /// addresses are taken. Only the first call counts.
  void send(ExitCode code, std::string_view message = {});
  /// A descriptor that no child may keep: the command also waits for the end of this pipe.
  int fd() const { return pipe_.get(); }

 private:
  UniqueFd pipe_;
  bool was_sent_ = false;
};

/// Returns only in the daemon: no longer session leader, input and outputs /dev/null, same
/// directory. `patience`: the longest that a start may take; after that, the waiting command says
/// that it has heard nothing.
Result<StartReport> daemonize(milliseconds patience);

}  // namespace alicorn
