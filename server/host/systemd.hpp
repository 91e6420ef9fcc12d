// Reports our progress to the service manager, in the datagrams of sd_notify(3), without its
// library. What the manager has to know is kept until its queue has room. Master.
#pragma once

#include "base/clock.hpp"

#include <deque>
#include <optional>
#include <string>

namespace alicorn {

class ServiceNotifier {
 public:
  /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; without the first, nobody is notified.
  /// Takes them out of the environment: no worker and no command of ours may speak for the server.
  static ServiceNotifier from_environment();
  ServiceNotifier() = default;

  /// In the child that becomes the new master of an upgrade: puts them back into its environment.
  void hand_over() const;

  bool is_heard() const { return !socket_path_.empty(); }
  /// The manager waits at least this long.
  void starting(milliseconds limit);
  /// With our pid: after a binary upgrade it is a new one (needs NotifyAccess=all).
  void ready();
  /// Our pid again, after an upgrade that failed.
  void main_process();
  void reloading();
  void stopping(milliseconds limit);
  /// One line of `systemctl status`; sent when it differs from the one before, and there is room.
  void status(const std::string& text);

  /// Tells the manager that the master's loop turns, each time half of WatchdogSec= has passed.
  /// Only after ready(): until then another master may be the one that is watched.
  void beat(MonotonicTime now);
  std::optional<MonotonicTime> next_beat() const { return next_beat_; }

  /// The manager has not been told all that it has to know.
  bool is_behind() const { return !unsent_.empty(); }
  /// Sends the rest, as far as there is room now. To be called after every wake-up.
  void catch_up();
  /// Another master now speaks for the service.
  void forget_unsent() { unsent_.clear(); }
  /// When the next beat or catch_up() is due.
  std::optional<MonotonicTime> next_event(MonotonicTime now) const;

 private:
  void announce(std::string message);
  bool send(const std::string& message);
  void complain_once(const std::string& reason);

  std::string socket_path_;
  std::string status_;
  std::deque<std::string> unsent_;  ///< oldest first
  bool has_complained_ = false;     ///< once, that there is no room
  bool is_deaf_ = false;            ///< nobody listens there; the log says so
  milliseconds watchdog_{0};        ///< 0: nobody watches
  std::optional<MonotonicTime> next_beat_;
};

}  // namespace alicorn
