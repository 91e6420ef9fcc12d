// The master: waits for signals, deaths and time, lets the table decide, and does what it orders.
// On one thread, beside which the log has its own (decision 11); knows no HTTP and no application.
#pragma once

#include "server/arbiter/commands.hpp"
#include "server/arbiter/control_post.hpp"
#include "server/arbiter/crew.hpp"
#include "server/arbiter/departures.hpp"
#include "server/arbiter/file_chores.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/premises.hpp"
#include "server/arbiter/reloading.hpp"
#include "server/arbiter/report/master_metrics.hpp"
#include "server/arbiter/server_verbs.hpp"
#include "server/arbiter/succession.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>

namespace alicorn {

class Arbiter {
 public:
  Arbiter(Config config, CommandLine command_line);

  /// Until the server was told to stop, or could not start.
  ExitCode run();

 private:
  Result<void> start();
  Result<void> open_first_log();

  void obey(int signal);
  void execute(const Order& order);

  std::vector<int> own_descriptors(std::uint32_t generation) const;
  bool is_others_child(pid_t pid) const;
  void reach(Milestone milestone);

  // burying.cpp
  void reap();
  void on_exit(const ExitReport& report);
  void bury(const ExitReport& report);
  void leave_behind(pid_t pid);

  void do_chores();

  // ending.cpp
  bool finished();
  ExitCode finish();
  ExitCode fail_start(const Error& error);

  // master_hooks.cpp
  void keep_or_pass_on(int signal);
  int wait_for_hooks();
  bool hears_of_stop();
  milliseconds time_to_next_event_beside_hooks() const;
  bool hurries_end(int signal);
  Result<void> run_starting_hook();
  void run_exit_hook(ExitCode code);

  milliseconds time_to_next_event() const;
  std::vector<pollfd> awaited() const;
  std::vector<pollfd> awaited_beside_hooks() const;
  std::string describe_goal() const;
  void tell_metrics();

  Premises premises_;
  Upgrade upgrade_;
  Starter starter_;
  Fleet fleet_;
  Zygotes zygotes_;
  LeftBehind left_behind_;
  ServiceManager service_;
  Listening listening_;
  LogFiles log_files_;
  ControlPost control_;
  Hooks hooks_;
  Departures departures_;
  FileChores chores_;
  Succession succession_;
  Crew crew_;
  Reloading reloading_;
  ServerVerbs verbs_;
  Commands commands_;
  bool has_run_starting_hook_ = false;  ///< and it succeeded: from now on on_exit undoes it
  MasterMetrics metrics_;
};

}  // namespace alicorn
