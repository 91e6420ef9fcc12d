// Tells the service manager how far we are, in the datagrams of sd_notify(3), without its library.
// What it has to know is kept until its queue has room. Master.
#pragma once

#include "base/clock.hpp"

#include <deque>
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
  void starting(milliseconds limit);
  /// With our pid: after a binary upgrade it is a new one (needs NotifyAccess=all).
  void ready();
  /// Ours again, after an upgrade that failed.
  void main_process();
  void reloading();
  void stopping(milliseconds limit);
  /// One line of `systemctl status`; sent when it is another than before, and there is room.
  void status(const std::string& text);

  /// Says that the master's loop turns, when half of the time that WatchdogSec= gives is over. From
  /// ready() on: another master may be the one that is watched until then.
  void beat(MonotonicTime now);
  std::optional<MonotonicTime> next_beat() const { return next_beat_; }

  /// It has not been told all that it has to know.
  bool is_behind() const { return !unsent_.empty(); }
  /// Tells it the rest, as far as there is room now. After every wake-up.
  void catch_up();
  /// Another master speaks for the service now.
  void forget_unsent() { unsent_.clear(); }
  /// When to beat, or to catch up.
  std::optional<MonotonicTime> next_event(MonotonicTime now) const;

 private:
  void announce(std::string message);
  bool send(const std::string& message);
  void complain_once(const std::string& reason);

  std::string socket_path_;
  std::string status_;
  std::deque<std::string> unsent_;  ///< oldest first
  bool has_complained_ = false;     ///< that there is no room
  bool is_deaf_ = false;            ///< nobody listens there, which the log says
  milliseconds watchdog_{0};        ///< 0: nobody watches
  std::optional<MonotonicTime> next_beat_;
};

}  // namespace alicorn
