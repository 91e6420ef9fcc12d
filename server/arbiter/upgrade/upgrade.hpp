// Binary upgrade (USR2): a new master from the same command line, beside the old one, with its
// listeners. Master.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/upgrade/predecessor.hpp"
#include "server/arbiter/upgrade/successor.hpp"
#include "server/config/command_line.hpp"
#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/process.hpp"
#include "server/host/systemd.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Upgrade {
 public:
  struct Plan {
    bool is_automatic;           ///< this one leaves when the new one serves
    MonotonicTime serves_by;     ///< else it is given up
    milliseconds grace;          ///< for its end, once it is told by SIGTERM
    milliseconds leaves_within;  ///< the longest that this one's own end takes
  };

  /// At start, before anything changes the directory or the environment. Takes the variables of the
  /// old master out of it.
  explicit Upgrade(const CommandLine& command_line);

  /// Two masters run, and either may go on.
  bool has_peer() const;
  /// The other one may go on with this listener: it is not for this one to end.
  bool is_shared(const std::shared_ptr<Listener>& listener) const;
  /// The other one serves from it when this one stops: what waits there is the other one's.
  bool leaves_to_peer(const std::shared_ptr<Listener>& listener) const;
  /// "new" or "old" where the other master is the service, or is about to be; "": this one is.
  std::string_view role() const;
  /// This is the one that a service manager is to follow.
  bool is_main() const;
  /// It serves, and only the end of an old master is missing.
  bool may_become_main() const { return serves_ && !has_successor(); }

  // In the new master.
  /// This process was started by an upgrade: it is in the background already if it is to be there.
  bool is_successor() const { return predecessor_.pid() > 0; }
  /// The old master, which started this one. Its pid stays when it has gone.
  const Predecessor& predecessor() const { return predecessor_; }
  bool has_predecessor() const { return predecessor_.is_there(); }
  /// It leaves when this one serves, and has not given this one up.
  bool relieves_predecessor() const;
  /// It is there only to finish its requests.
  bool has_leaving_predecessor() const { return serves_ && relieves_predecessor(); }
  /// What it handed over, and what of that the configuration still names; the rest is closed.
  void take_over(const Listeners& inherited, const Listeners& used);
  /// All workers are in place.
  void note_serving() { serves_ = true; }
  /// That all workers are in place. Only the first call counts.
  void tell_predecessor(MonotonicTime now);
  bool serves() const { return serves_; }
  /// Why this one ends without having served. Only the first call counts.
  void say_failure(std::string_view line);
  /// How long it stays when it has hung up: that tells one that leaves from one that gave this one
  /// up without having heard of it.
  void watch_predecessor(MonotonicTime now);
  /// It was told that this one serves, and should have left. `own_time`: what this one would need,
  /// for a binary from before it said so.
  bool has_overdue_predecessor(MonotonicTime now, milliseconds own_time) const;
  /// Once it has left: the listeners of its own whose files it cannot have removed if it was
  /// killed.
  Listeners take_superseded();

  // In the old one.
  /// Where the pidfile makes room for the new master's, and where its place is.
  std::string place_aside(const Pidfile& pidfile);
  const std::string& place_of_pidfile() const { return pidfile_path_; }
  Result<pid_t> start(const Listeners& listeners, const ServiceNotifier& notifier,
                      const Plan& plan);
  /// Of pid 0 when there is none.
  Successor& successor() { return successor_; }
  const Successor& successor() const { return successor_; }
  bool has_successor() const { return successor_.pid() > 0; }
  bool is_automatic() const { return has_successor() && plan_.is_automatic; }
  milliseconds grace() const { return plan_.grace; }
  /// It has said that it serves. True: for the first time.
  bool listen();
  /// The new master serves, and this one is there only to finish its requests.
  bool has_handed_over() const { return has_handed_over_; }
  void hand_over() { has_handed_over_ = true; }
  void take_back() { has_handed_over_ = false; }
  /// Whether that was the new master; the pidfile is to take its place again then.
  bool on_exit(const ExitReport& report);
  /// Of the new one that has ended before it served, its last line; "": it served, or said nothing.
  const std::string& last_words() const { return last_words_; }

  // In both.
  /// Keeps a signal until it is clear which master goes on. Gives since when.
  MonotonicTime put_off(int signal, MonotonicTime now) {
    return put_off_.try_emplace(signal, now).first->second;
  }
  std::map<int, MonotonicTime> take_put_off() { return std::exchange(put_off_, {}); }
  std::optional<MonotonicTime> next_event(MonotonicTime now) const;

 private:
  bool is_given_up() const;

  std::string program_;
  std::vector<std::string> arguments_;
  std::string directory_;

  Predecessor predecessor_;
  bool serves_ = false;
  bool has_said_all_ = false;  ///< to the old one
  bool was_heard_ = false;     ///< as far as this one can know
  std::optional<MonotonicTime> told_at_;
  std::optional<MonotonicTime> hung_up_since_;
  bool stays_ = false;               ///< the old one, although it has hung up
  Listeners superseded_;             ///< the old one had them, and this one does without
  std::vector<int> superseded_fds_;  ///< what they are in the old one

  Successor successor_;
  Plan plan_{};
  bool has_handed_over_ = false;
  /// With the predecessor, or the successor; not kept open by that.
  std::vector<std::weak_ptr<Listener>> shared_;
  std::string pidfile_path_;
  std::string last_words_;
  std::map<int, MonotonicTime> put_off_;  ///< since when
};

}  // namespace alicorn
