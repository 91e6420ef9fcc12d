// What the master tells the service manager, and how long it asks the manager to wait. Only one of
// the two masters of an upgrade speaks: the service's main process. Master.
#pragma once

#include "base/clock.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/host/systemd.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

class ServiceManager {
 public:
  ServiceManager(const Fleet& fleet, Upgrade& upgrade) : fleet_(fleet), upgrade_(upgrade) {}

  /// At start, before any child: takes the manager's variables out of the environment.
  void begin(const Config& config);
  /// Passed to the new master of an upgrade.
  const ServiceNotifier& notifier() const { return notifier_; }

  /// READY names this process as the main one, whose end is the end of the service. Only the master
  /// that the manager should follow may say it.
  void say_ready();
  void say_reloading();
  void say_stopping() { say_stopping(time_to_stop()); }
  void say_stopping(milliseconds limit) { notifier_.stopping(limit); }
  /// After an upgrade that failed, the manager should follow this process again.
  void take_over() { notifier_.main_process(); }
  /// Sends what had no room before; to be called when there is nothing else to say.
  void catch_up() { notifier_.catch_up(); }
  /// To be called after every wake-up: sends the status, the watchdog's beat, and what had no room
  /// before.
  void inform();
  /// The latest time at which inform() has something to say.
  std::optional<MonotonicTime> next_word(MonotonicTime present) const;

  /// The longest that a stop of this master would take if it began now.
  milliseconds time_to_stop() const;

  /// Notes the last failure, until a reload or an upgrade has put it right. `in_public`: without
  /// anything that a request, an app, a file or another process has said, because `systemctl
  /// status` shows it to every user of the machine.
  void note_failure(std::string_view text, std::string_view in_public);
  void forget_failure() { failure_ = {}; }
  const std::string& last_failure() const { return failure_.text; }

 private:
  struct Failure {
    std::string text;       ///< for those who may use the control socket
    std::string in_public;  ///< for every user of the machine
  };

  std::string describe_status() const;

  const Fleet& fleet_;
  Upgrade& upgrade_;
  ServiceNotifier notifier_;
  Failure failure_;
};

/// The longest that a start with this configuration may take: a worker that hung once may be ready
/// at its second try, and a hook's time ends with two seconds of grace.
milliseconds time_to_serve(const Config& config);

}  // namespace alicorn
