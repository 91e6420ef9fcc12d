// The binary upgrade, in the old master and in the new one: does what the upgrade's table decides.
// Master.
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

  /// What an upgrade that is under way changes about a signal. True: nothing is left to do about
  /// it.
  bool takes(int signal);
  /// Whether SIGUSR2 may start a new master; says why not.
  bool may_begin();
  /// A new master starts by itself, and reads the configuration.
  bool is_under_way() const;
  /// This master has nothing more to do: it was to stop, or has handed over, and all have left.
  bool is_over() const;

  /// The chores: to start a new master, and to have the pidfile at its place again. Another one may
  /// have begun since either was asked for.
  void begin();
  void take_pidfile_back();
  /// At the end of this master, wherever a child may have moved the file.
  void remove_pidfile();

  /// Hears the new master. Whether it has come to serve since the last call.
  bool hear();
  /// After every wake-up. Gives the signals that were put off and that this master is to obey now.
  std::vector<int> follow();
  /// The new master, if not even SIGKILL has ended it in time; 0: there is none such.
  pid_t stuck() const;
  /// Whether that was the new master.
  bool on_exit(const ExitReport& report);

  /// The new master, all of whose workers are in place, takes over the service.
  void replace_old();
  /// SIGUSR1: both masters may write the same files, and who has renamed them knows of one master.
  /// Not back to where it came from (0: from neither).
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
