// What the master acquires at start and keeps until it ends: the configuration of the start, its
// signals, its user for the workers, its pidfile, its lifeline. Master.
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

  const Config config;  ///< as at start: settings that a reload does not change are read here
  const CommandLine command_line;
  SignalQueue signals;
  std::optional<Identity> identity;  ///< of the workers, if it differs from the master's
  Pidfile pidfile;
  Lifeline lifeline;
  Listeners inherited;  ///< by systemd or the old master of an upgrade; until the first generation
                        ///< takes them

  /// The rights of the process, and its signals.
  Result<void> claim_process();
  /// Must come before the log, because the log's file has to belong to that user.
  Result<void> find_identity();
  /// The working directory, and the pidfile.
  Result<void> claim_place();
  /// Makes the lifeline, which workers hold on to.
  Result<void> make_lifeline();
};

}  // namespace alicorn
