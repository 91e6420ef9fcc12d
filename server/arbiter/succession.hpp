// The binary upgrade, in the old master and in the new one: executes what the upgrade's table
// decides. Master.
#pragma once

#include "server/arbiter/control_post.hpp"
#include "server/arbiter/file_chores.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/left_behind.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/premises.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/spawn/zygote.hpp"
#include "server/arbiter/starter.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class Succession {
 public:
  /// What it acts on; all of it outlives the succession.
  struct Parts {
    Premises& premises;
    Upgrade& upgrade;
    Fleet& fleet;
    const Zygotes& zygotes;
    Starter& starter;
    LeftBehind& left_behind;
    FileChores& chores;
    Listening& listening;
    ControlPost& control;
    ServiceManager& service;
    Hooks& hooks;
  };
  explicit Succession(const Parts& parts) : parts_(parts) {}

  /// How an upgrade under way affects a signal. True: the signal needs no further handling.
  bool takes(int signal);
  /// Whether SIGUSR2 may start a new master; says why not.
  bool may_begin();
  /// A new master is starting, and reads the configuration.
  bool is_under_way() const;
  /// This master has nothing more to do: it was told to stop, or has handed over, and all workers
  /// have left.
  bool is_over() const;

  /// The chores: to start a new master, and to put the pidfile back in its place. By the time a
  /// chore is done, another new master may have been started.
  void begin();
  void take_pidfile_back();
  /// At the end of this master, wherever a child may have moved the pidfile.
  void remove_pidfile();

  /// Reads what the new master says. Whether it has begun to serve since the last call.
  bool hear();
  /// While there is another master, each of the two has slots of its own for its workers.
  void share_slots();
  /// To be called after every wake-up. Gives the signals that were put off and that this master
  /// must now obey.
  std::vector<int> follow();
  /// The pid of the new master, if not even SIGKILL has ended it in time; 0: there is no such
  /// process.
  pid_t stuck() const;
  /// Whether the process was the new master.
  bool on_exit(const ExitReport& report);

  /// In the new master, once all its workers are in place: takes over the service.
  void replace_old();
  /// SIGUSR1: both masters may write the same files, but whoever renamed them knows of only one
  /// master. The signal is not passed back to the master that it came from (0: it came from
  /// neither).
  void pass_reopening_on(pid_t from) const;

 private:
  UpgradeTable& table() const { return parts_.upgrade.table(); }
  UpgradeTable::Moment moment() const;
  bool is_stopping() const { return parts_.fleet.table.stop_mode() != StopMode::kNone; }
  UpgradeTable::Plan plan(const Result<std::string>& configuration) const;
  void start_successor(Result<ErrandFinds> finds, const std::string& aside);
  bool pass_on(int signal) const;
  void hand_over();
  void pass_put_off_on() const;
  void draw(UpgradeTable::Aftermath aftermath, const ExitReport& report);
  void go_on(const std::string& end, const ExitReport& report);

  Parts parts_;
};

}  // namespace alicorn
