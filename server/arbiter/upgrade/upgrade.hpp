// Binary upgrade (USR2): a new master is started from the same command line, runs beside the old
// one, and shares its listeners. Makes the system calls for what UpgradeTable decides. Master.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/upgrade/predecessor.hpp"
#include "server/arbiter/upgrade/successor.hpp"
#include "server/arbiter/upgrade/upgrade_table.hpp"
#include "server/config/command_line.hpp"
#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/process.hpp"
#include "server/host/shared_rooms.hpp"
#include "server/host/systemd.hpp"

#include <cstdint>
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
  using Plan = UpgradeTable::Plan;

  /// At start, before anything changes the directory or the environment. Takes the old master's
  /// variables out of the environment.
  explicit Upgrade(const CommandLine& command_line);

  /// The table that decides about the two masters.
  UpgradeTable& table() { return table_; }
  const UpgradeTable& table() const { return table_; }
  /// The old master, as it is at this moment.
  UpgradeTable::OldMaster look() const;
  Standing standing() const { return table_.standing(look()); }
  /// The other master may keep using this listener, so this master must not end it.
  bool is_shared(const std::shared_ptr<Listener>& listener) const;
  /// The other master still serves from this listener when this master stops: the clients that wait
  /// in its queue belong to the other master.
  bool leaves_to_peer(const std::shared_ptr<Listener>& listener) const;

  // In the new master.
  /// This process was started by an upgrade. If it is meant to run in the background, it already
  /// does.
  bool is_successor() const { return predecessor_.pid() > 0; }
  /// The old master, which started this one. Keeps its pid after it has gone.
  const Predecessor& predecessor() const { return predecessor_; }
  bool has_predecessor() const { return predecessor_.is_there(); }
  /// Tells which listeners the old master handed over (`inherited`), and which of them the
  /// configuration still names (`used`); the rest is closed.
  void take_over(const Listeners& inherited, const Listeners& used);
  /// Says that all workers are in place. Only the first call counts.
  void tell_predecessor(MonotonicTime now);
  /// Says why this master ends without having served. Only the first call counts.
  void say_failure(std::string_view line);
  /// Once the old master has left: those of its listeners that the configuration no longer names.
  /// If the old master was killed, it cannot have removed their files.
  Listeners take_superseded();

  /// Once.
  std::optional<SharedRooms> take_rooms() { return std::exchange(rooms_, std::nullopt); }

  /// The slots that this master's workers may have, beside those of the other master. `shares`: the
  /// new master uses the old one's rooms.
  SlotSet own_slots(bool shares) const;

  // In the old master.
  /// Where the pidfile goes to make room for the new master's; place_of_pidfile() is where it
  /// belongs.
  std::string place_aside(const Pidfile& pidfile);
  const std::string& place_of_pidfile() const { return pidfile_path_; }
  /// What the workers of the new master share with those of this one.
  struct Rooms {
    const LoadTable& loads;
    const MailRoom& mail_room;
    std::uint32_t era;
    SlotSet kept;  ///< the slots that stay this master's
  };
  Result<pid_t> start(const Listeners& listeners, const ServiceNotifier& notifier, const Plan& plan,
                      const Rooms& rooms);
  /// Its pid is 0 when there is no new master.
  const Successor& successor() const { return successor_; }
  bool has_successor() const { return successor_.pid() > 0; }
  /// Reads what the new master says. When it says for the first time that it serves: what that
  /// means.
  std::optional<UpgradeTable::Arrival> listen(bool is_stopping);
  /// Tells the new master to end by this signal, and no longer reads its pipe.
  void dismiss(int signal, MonotonicTime now);
  /// What the end of the new master means; nothing: another process has ended. The last line of the
  /// new master is kept: last_words().
  std::optional<UpgradeTable::Aftermath> on_exit(const ExitReport& report, bool is_stopping);
  /// The last line of the new master that ended before it served; "": it served, or said nothing.
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
  std::optional<SharedRooms> rooms_;  ///< the old master's, until they are taken
  SlotSet of_old_;                    ///< the slots that the old master keeps; both masters know it
  bool has_said_all_ = false;         ///< to the old one
  Listeners superseded_;              ///< the old master's, which this one does not use
  std::vector<int> superseded_fds_;   ///< their descriptors in the old master

  Successor successor_;
  /// Shared with the predecessor or the successor; the reference does not keep them open.
  std::vector<std::weak_ptr<Listener>> shared_;
  std::string pidfile_path_;
  std::string last_words_;
};

}  // namespace alicorn
