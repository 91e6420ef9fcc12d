// Binary upgrade (USR2): a new master from the same command line, beside the old one, with its
// listeners. Master.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/arbiter/process.hpp"
#include "server/arbiter/successor.hpp"
#include "server/config/command_line.hpp"
#include "server/host/daemonize.hpp"
#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/systemd.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Upgrade {
 public:
  struct Plan {
    bool is_automatic;        ///< this one leaves when the new one serves
    MonotonicTime serves_by;  ///< else it is given up
  };

  /// At start, before anything changes the directory or the environment. Takes the variables of the
  /// old master out of it.
  explicit Upgrade(const CommandLine& command_line);

  /// Two masters share the sockets, and either may go on: neither may take them from the other.
  bool has_peer() const;
  /// This is the one that a service manager is to follow.
  bool is_main() const;

  // In the new master.
  /// This process was started by an upgrade: it is in the background already if it is to be there.
  bool is_successor() const { return predecessor_ > 0; }
  /// The old master, which started this one, still runs.
  bool has_predecessor() const;
  pid_t predecessor() const { return predecessor_; }
  /// It does, and leaves when this one serves.
  bool relieves_predecessor() const { return predecessor_leaves_ && has_predecessor(); }
  /// It does only to finish its requests.
  bool has_leaving_predecessor() const { return serves_ && relieves_predecessor(); }
  /// All workers are in place.
  void note_serving() { serves_ = true; }
  bool serves() const { return serves_; }
  /// Where the old one listens for how this one gets on.
  StartReport take_start_report() { return StartReport(std::move(to_predecessor_)); }

  // In the old one.
  /// The pidfile makes room for the new master's.
  Result<pid_t> start(const Listeners& listeners, Pidfile& pidfile, const ServiceNotifier& notifier,
                      const Plan& plan);
  /// Of pid 0 when there is none.
  Successor& successor() { return successor_; }
  const Successor& successor() const { return successor_; }
  bool is_automatic() const { return has_successor() && plan_.is_automatic; }
  /// The new master serves, and this one is there only to finish its requests.
  bool has_handed_over() const { return has_handed_over_; }
  void hand_over() { has_handed_over_ = true; }
  void take_back() { has_handed_over_ = false; }
  /// Whether that was the new master; the pidfile is in its place again then.
  bool on_exit(const ExitReport& report, Pidfile& pidfile);
  /// Of the new one that has ended before it served, its last line; "": it served, or said nothing.
  const std::string& last_words() const { return last_words_; }

  // In both.
  /// Keeps a signal until it is clear which master goes on; false: it is kept already.
  bool put_off(int signal) { return put_off_.insert(signal).second; }
  std::set<int> take_put_off() { return std::exchange(put_off_, {}); }
  std::optional<MonotonicTime> next_event(MonotonicTime now) const;

 private:
  bool has_successor() const { return successor_.pid() > 0; }

  std::string program_;
  std::vector<std::string> arguments_;
  std::string directory_;

  pid_t predecessor_ = 0;
  bool predecessor_leaves_ = false;  ///< once this one serves
  bool serves_ = false;
  UniqueFd to_predecessor_;

  Successor successor_;
  Plan plan_{};
  bool has_handed_over_ = false;
  std::string pidfile_path_;
  std::string last_words_;
  std::set<int> put_off_;
};

}  // namespace alicorn
