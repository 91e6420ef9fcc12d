// Tells the service manager how far we are, in the datagrams of sd_notify(3), without its library.
// Master.
#pragma once

#include "base/clock.hpp"

#include <optional>
#include <string>

namespace alicorn {

class ServiceNotifier {
 public:
  /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; without the first nobody is told. Takes
  /// them out of the environment: no worker and no command of ours speaks for the server.
  static ServiceNotifier from_environment();
  ServiceNotifier() = default;

  /// In the child that becomes the new master of an upgrade: they are in its environment again.
  void hand_over() const;

  bool is_heard() const { return !socket_path_.empty(); }
  /// The manager waits for so long at least.
  void starting(milliseconds limit) const;
  /// With our pid: after a binary upgrade it is a new one (needs NotifyAccess=all).
  void ready();
  /// Ours again, after an upgrade that failed.
  void main_process() const;
  void reloading() const;
  void stopping(milliseconds limit) const;
  /// One line of `systemctl status`; sent when it is another than before.
  void status(const std::string& text);

  /// Says that the master's loop turns, when half of the time that WatchdogSec= gives is over. From
  /// ready() on: another master may be the one that is watched until then.
  void beat(MonotonicTime now);
  std::optional<MonotonicTime> next_beat() const { return next_beat_; }

 private:
  void send(const std::string& message) const;

  std::string socket_path_;
  std::string status_;
  milliseconds watchdog_{0};  ///< 0: nobody watches
  std::optional<MonotonicTime> next_beat_;
};

}  // namespace alicorn
