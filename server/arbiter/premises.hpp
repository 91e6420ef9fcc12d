// What the master takes of its machine when it starts and keeps until it ends: the configuration of
// the start, its signals, its user for the workers, its pidfile, its lifeline. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"
#include "server/config/config.hpp"
#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/privileges.hpp"
#include "server/host/signal_queue.hpp"
#include "workers/contract/lifeline.hpp"

#include <optional>

namespace alicorn {

struct Premises {
  Premises(Config configuration, CommandLine arguments);

  const Config config;  ///< as at start: what a reload does not change is read here
  const CommandLine command_line;
  SignalQueue signals;
  std::optional<Identity> identity;  ///< of the workers, where it is another than the master's
  Pidfile pidfile;
  Lifeline lifeline;
  Listeners inherited;  ///< by systemd or the old master of an upgrade; until the first generation
                        ///< takes them

  /// The rights of the process, and its signals.
  Result<void> claim_process();
  /// The user comes before the log: the log's file is to be that user's.
  Result<void> find_identity();
  /// The working directory, and the pidfile.
  Result<void> claim_place();
  /// What workers hold on to.
  Result<void> make_lifeline();
};

}  // namespace alicorn
