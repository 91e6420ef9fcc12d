// The master: waits for signals, deaths and deadlines, lets the table decide, and executes its
// orders. It runs on one thread; the log has another (decision 11). Knows no HTTP and no
// application.
#pragma once

#include "server/arbiter/commands.hpp"
#include "server/arbiter/control_post.hpp"
#include "server/arbiter/crew.hpp"
#include "server/arbiter/file_chores.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/life.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/milestones.hpp"
#include "server/arbiter/premises.hpp"
#include "server/arbiter/reloading.hpp"
#include "server/arbiter/report/master_metrics.hpp"
#include "server/arbiter/server_verbs.hpp"
#include "server/arbiter/source_watch.hpp"
#include "server/arbiter/succession.hpp"

#include <cstdint>
#include <vector>

#include <poll.h>

namespace alicorn {

class Arbiter {
 public:
  Arbiter(Config config, CommandLine command_line);

  /// Runs until the server was told to stop, or could not start.
  ExitCode run();

 private:
  // The start.
  Result<void> begin();
  Result<void> open_first_log();
  Result<void> judge_starting_hook() const;
  void open();
  Result<void> open_first_generation();
  void fail_start(const Error& error, Life::Undoing undoing);
  // The end.
  bool finished();
  ExitCode exit_code() const;
  ExitCode finish();

  // A turn of the loop.
  milliseconds time_to_next_event() const;
  std::vector<pollfd> awaited() const;
  void obey(int signal);
  void handle(int signal);
  bool hurries_end(int signal);
  void reap();
  void on_exit(const ExitReport& report);
  void bury(const ExitReport& report);
  void leave_behind(pid_t pid);
  void keep_time_of_hooks();
  void serve_operator();
  void do_chores();
  void open_sources();
  void follow_sources();
  void follow_upgrade();
  void execute(const Order& order);
  void tell_of_new_target();
  void tell_metrics();

  std::vector<int> own_descriptors(std::uint32_t generation) const;
  bool is_others_child(pid_t pid) const;

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
  FileChores chores_;
  Succession succession_;
  Crew crew_;
  Reloading reloading_;
  Milestones milestones_;
  ServerVerbs verbs_;
  Commands commands_;
  Life life_;
  MasterMetrics metrics_;
  SourceWatch sources_;
};

}  // namespace alicorn
