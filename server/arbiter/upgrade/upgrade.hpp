// Binary upgrade (USR2): a new master from the same command line, beside the old one, with its
// listeners. Makes the system calls for what UpgradeTable decides. Master.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/upgrade/predecessor.hpp"
#include "server/arbiter/upgrade/successor.hpp"
#include "server/arbiter/upgrade/upgrade_table.hpp"
#include "server/config/command_line.hpp"
#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/process.hpp"
#include "server/host/systemd.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Upgrade {
 public:
  using Plan = UpgradeTable::Plan;

  /// At start, before anything changes the directory or the environment. Takes the variables of the
  /// old master out of it.
  explicit Upgrade(const CommandLine& command_line);

  /// What is decided about the two masters.
  UpgradeTable& table() { return table_; }
  const UpgradeTable& table() const { return table_; }
  /// The old master, as it is at this moment.
  UpgradeTable::OldMaster look() const;
  Standing standing() const { return table_.standing(look()); }
  /// The other master may go on with this listener: it is not for this one to end.
  bool is_shared(const std::shared_ptr<Listener>& listener) const;
  /// The other master serves from this listener when this one stops: what waits there is the
  /// other's.
  bool leaves_to_peer(const std::shared_ptr<Listener>& listener) const;

  // In the new master.
  /// This process was started by an upgrade: it is in the background already if it is to be there.
  bool is_successor() const { return predecessor_.pid() > 0; }
  /// The old master, which started this one. Its pid stays when it has gone.
  const Predecessor& predecessor() const { return predecessor_; }
  bool has_predecessor() const { return predecessor_.is_there(); }
  /// Tells what the old master handed over (`inherited`), and what of that the configuration still
  /// names (`used`); the rest is closed.
  void take_over(const Listeners& inherited, const Listeners& used);
  /// That all workers are in place. Only the first call counts.
  void tell_predecessor(MonotonicTime now);
  /// Why this one ends without having served. Only the first call counts.
  void say_failure(std::string_view line);
  /// Once the old master has left: the listeners of its own whose files it cannot have removed if
  /// it was killed.
  Listeners take_superseded();

  // In the old one.
  /// Where the pidfile makes room for the new master's, and where its place is.
  std::string place_aside(const Pidfile& pidfile);
  const std::string& place_of_pidfile() const { return pidfile_path_; }
  Result<pid_t> start(const Listeners& listeners, const ServiceNotifier& notifier,
                      const Plan& plan);
  /// Its pid is 0 when there is no new master.
  const Successor& successor() const { return successor_; }
  bool has_successor() const { return successor_.pid() > 0; }
  /// Hears the new master. What it means that it serves, when it has said so for the first time.
  std::optional<UpgradeTable::Arrival> listen(bool is_stopping);
  /// It is told to end by this signal, and nobody listens to it any more.
  void dismiss(int signal, MonotonicTime now);
  /// What the end of the new master means; nothing: another process has ended. The last line of the
  /// new master is kept: last_words().
  std::optional<UpgradeTable::Aftermath> on_exit(const ExitReport& report, bool is_stopping);
  /// Of the new one that has ended before it served, its last line; "": it served, or said nothing.
  const std::string& last_words() const { return last_words_; }

  std::optional<MonotonicTime> next_event(MonotonicTime now) const {
    return table_.next_event(look(), now);
  }

 private:
  std::string program_;
  std::vector<std::string> arguments_;
  std::string directory_;
  UpgradeTable table_;

  Predecessor predecessor_;
  bool has_said_all_ = false;        ///< to the old one
  Listeners superseded_;             ///< the old one had them, and this one does without
  std::vector<int> superseded_fds_;  ///< what they are in the old one

  Successor successor_;
  /// With the predecessor, or the successor; not kept open by that.
  std::vector<std::weak_ptr<Listener>> shared_;
  std::string pidfile_path_;
  std::string last_words_;
};

}  // namespace alicorn
