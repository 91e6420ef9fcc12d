// The master: waits for signals, deaths and time, lets the table decide, and does what it orders.
// On one thread, beside which the log has its own (decision 11); knows no HTTP and no application.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/chores.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hook_runner.hpp"
#include "server/arbiter/left_behind.hpp"
#include "server/arbiter/report/master_metrics.hpp"
#include "server/arbiter/spawn/errand.hpp"
#include "server/arbiter/spawn/zygote.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/config/command_line.hpp"
#include "server/config/config.hpp"
#include "server/control/control_command.hpp"
#include "server/control/control_desk.hpp"
#include "server/control/status_report.hpp"
#include "server/host/daemonize.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/privileges.hpp"
#include "server/host/process.hpp"
#include "server/host/signal_queue.hpp"
#include "server/host/systemd.hpp"
#include "workers/contract/exit_code.hpp"
#include "workers/contract/lifeline.hpp"
#include "workers/worker.hpp"

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
  Result<void> claim_host();

  void handle(int signal);
  void execute(const Order& order);

  void spawn(const Spawn& order);
  ExitCode be_worker(const Spawn& order, const Generation& generation, WorkerBoard& board,
                     const std::vector<int>& unwanted_files, pid_t master);
  Result<void> take_on_conditions(const Config& config) const;
  WorkerContext worker_context(const Spawn& order, const Generation& generation,
                               WorkerBoard& board);
  std::vector<int> not_for_children(std::uint32_t generation);
  void signal(const Signal& order);
  void reach(Milestone milestone);
  void report_kept_request(const Departure& departure) const;  // kept_request.cpp

  void resize(int change);
  void park();

  // burying.cpp
  void reap();
  void on_exit(const ExitReport& report);
  void bury(const ExitReport& report);
  void leave_behind(pid_t pid);
  void report_departure(const Departure& departure, const ExitReport& report,
                        std::string_view reason = {});

  // log_files.cpp
  Result<void> open_first_log();
  Result<ErrandFind> open_error_log(const Config& config) const;
  Result<ErrandFind> open_access_log(const Config& config) const;
  Result<void> log_as(std::uint32_t generation);
  void open_log_of(std::uint32_t generation);
  Errand reopen_logs();
  Result<void> take_reopened_logs(const std::vector<std::uint32_t>& numbers,
                                  Result<ErrandFinds> finds);

  // file_chores.cpp
  void ask_for(Chores::Kind chore, std::optional<Chores::Asker> asker = std::nullopt);
  void do_chores();
  void send(Errand errand);

  // ending.cpp
  bool is_over() const;
  void remove_pidfile();
  bool finished();
  ExitCode finish();
  ExitCode fail_start(const Error& error);
  void complain(ExitCode code, std::string_view text);
  void answer_starter(ExitCode code, const std::string& line);

  // upgrade.cpp
  Upgrade::Plan plan_upgrade(const Result<std::string>& configuration) const;
  bool may_upgrade();
  void upgrade();
  void start_successor(Result<ErrandFinds> finds, const std::string& aside);
  void take_pidfile_back();
  bool is_for_upgrade(int signal);
  bool is_for_successor(int signal);
  bool waits_for_predecessor(int signal);
  void follow_upgrade();
  bool hear_successor();
  void hand_over();
  void go_on_without_successor(const ExitReport& report);
  void replace_predecessor();
  void pass_reopening_on(pid_t from);

  // service.cpp
  milliseconds time_to_stop() const;
  void say_ready();
  void inform_service_manager();
  std::string describe_status() const;
  void note_failure(std::string_view text, std::string_view in_public);

  // master_hooks.cpp
  void tell(Hook hook, HookRunner::Facts facts);
  void tell_of_worker(Hook hook, std::uint32_t slot, pid_t pid, HookRunner::Facts facts);
  void tell_of_departure(const Departure& departure, const ExitReport& report);
  void tell_of_new_target();
  void keep_or_pass_on(int signal);
  int wait_for_hooks();
  bool hears_of_stop();
  milliseconds time_to_next_event_beside_hooks() const;
  bool hurries_end(int signal);
  Result<void> run_starting_hook();
  void run_exit_hook(ExitCode code);

  // preload.cpp
  void spawn_by_zygote(const Spawn& order, UniqueFd board);
  Result<Zygote*> start_zygote(std::uint32_t number, int board);
  ExitCode be_zygote(std::uint32_t number, int socket, pid_t master);
  void hear_zygotes();
  static void kill(Zygote& zygote);
  void hear(Zygote& zygote, std::size_t messages_max = Zygote::kHeardPerTurn);
  void obey(const ZygoteEvent& event);
  void take_on_forked(const WorkerForked& worker);
  void take_on_ended(pid_t pid);
  void bury_lost_worker(const Signal& order);
  bool is_known(pid_t pid);
  bool on_zygote_exit(const ExitReport& report);
  bool hold_back(const Signal& order);
  void give_up_worker(std::uint32_t slot, const std::string& reason, const ExitReport& report,
                      bool is_counted = true);
  void dismiss_zygotes();

  // reload.cpp
  void open_files(const Config& config, ErrandFinds& finds) const;
  void reload();
  void answer_reload(const Result<std::uint32_t>& generation);
  Result<std::uint32_t> take_reload(Result<ErrandFinds>& finds);
  Result<std::uint32_t> open_generation(Config config, const Listeners& existing,
                                        ErrandFinds& finds);
  Result<std::uint32_t> open_first_generation(const Listeners& inherited);
  void drop_old_generations();

  // listening.cpp
  void retire(const Listeners& listeners);
  void retire_unwanted();
  void retire_postponed();
  Listeners bound_listeners() const;
  Listeners wanted_listeners() const;
  bool goes_on_elsewhere(const std::shared_ptr<Listener>& listener) const;
  std::uint64_t listeners_of_others(std::uint32_t slot) const;
  void revive_listeners();
  void give_away_files(const Listeners& listeners);

  // commands.cpp
  Result<void> open_control(std::uint32_t generation);
  Result<void> expect_control(std::uint32_t generation);
  void take_control();
  void take_control_back();
  void serve_control();
  std::optional<std::string> obey(const ControlCommand& command, const ControlRequest& request);
  std::optional<std::string> obey_reload(const ControlCommand& command,
                                         const ControlRequest& request);
  bool may_ask() const;
  std::string obey_scale(std::uint32_t workers);
  std::string obey_recycle(std::uint32_t number);
  void order_log_level(log::Level level);
  void withdraw_log_level();

  // snapshot.cpp
  std::string_view state_name() const;
  ServerStatus take_status() const;
  std::vector<WorkerStatus> take_workers() const;
  std::string render_requests_in_flight() const;
  void remember_departed(const Departure& departure);

  std::optional<MonotonicTime> next_word(MonotonicTime present) const;
  milliseconds time_to_next_event() const;
  std::vector<pollfd> awaited() const;
  std::vector<pollfd> awaited_beside_hooks() const;
  std::string describe_generation(std::uint32_t number) const;
  void tell_metrics();

  /// What workers that have left did, and how.
  struct Tally {
    std::uint64_t departed_requests = 0;
    std::uint64_t departed_drops = 0;  ///< log lines
    std::uint64_t departed_access_drops = 0;
    std::uint64_t deaths = 0;
    std::array<std::uint64_t, kWorkerSlots> deaths_in_slot{};
  };

  const MonotonicTime started_ = now();
  Config config_;  ///< as at start: what a reload does not change is read here
  CommandLine command_line_;
  Upgrade upgrade_;
  StartReport start_report_;
  SignalQueue signals_;
  ServiceNotifier notifier_;
  std::optional<Identity> identity_;
  Pidfile pidfile_;
  Lifeline lifeline_;
  Fleet fleet_;
  Listeners postponed_;  ///< ended, but for the other master of an upgrade: see retire()
  Zygotes zygotes_;
  LeftBehind left_behind_;
  ControlDesk control_;
  std::optional<log::Level> ordered_level_;  ///< by an operator, until a reload
  Tally tally_;
  HookRunner hooks_;
  Chores chores_;
  Errands errands_;
  bool has_run_starting_hook_ = false;  ///< and it succeeded: from now on on_exit undoes it
  std::uint32_t told_target_;           ///< workers, as the hook nworkers_changed knows them
  struct Failure {
    std::string text;       ///< for who may use the control socket
    std::string in_public;  ///< for every user of the machine
  };
  Failure last_failure_;
  MasterMetrics metrics_;
};

Binds binds_of(const Config& config);  ///< listening.cpp
/// What is to be said once of a configuration that serves; listening.cpp.
std::vector<std::string> remarks_of(const Config& config, const Listeners& listeners);

/// The longest that a start with it may take: a worker that hung once may be ready at its second
/// try, and a hook's time ends with two seconds of grace.
milliseconds time_to_serve(const Config& config);

}  // namespace alicorn
