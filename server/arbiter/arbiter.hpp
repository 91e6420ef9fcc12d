// The master: waits for signals, deaths and time, lets the table decide, and does what it orders.
// On one thread, beside which the log has its own (decision 11); knows no HTTP and no application.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/control_post.hpp"
#include "server/arbiter/departures.hpp"
#include "server/arbiter/file_chores.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/left_behind.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/premises.hpp"
#include "server/arbiter/report/master_metrics.hpp"
#include "server/arbiter/report/status.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/spawn/zygote.hpp"
#include "server/arbiter/succession.hpp"
#include "server/control/control_command.hpp"
#include "server/host/process.hpp"
#include "workers/contract/exit_code.hpp"
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
  Result<void> open_first_log();

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

  void resize(int change);
  void park();

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
  void dismiss_zygotes();

  // reload.cpp
  void open_files(const Config& config, ErrandFinds& finds) const;
  void reload();
  void answer_reload(const Result<std::uint32_t>& generation);
  Result<std::uint32_t> take_reload(Result<ErrandFinds>& finds);
  Result<std::uint32_t> open_generation(Config config, const Listeners& existing,
                                        ErrandFinds& finds);
  Result<std::uint32_t> open_first_generation(const Listeners& inherited);

  // commands.cpp
  void serve_control();
  std::optional<std::string> obey(const ControlCommand& command, const ControlRequest& request);
  std::optional<std::string> obey_reload(const ControlCommand& command,
                                         const ControlRequest& request);
  std::string obey_scale(std::uint32_t workers);
  std::string obey_recycle(std::uint32_t number);

  milliseconds time_to_next_event() const;
  std::vector<pollfd> awaited() const;
  std::vector<pollfd> awaited_beside_hooks() const;
  std::string describe_generation(std::uint32_t number) const;
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
  StatusOfServer status_;
  bool has_run_starting_hook_ = false;  ///< and it succeeded: from now on on_exit undoes it
  MasterMetrics metrics_;
};

}  // namespace alicorn
