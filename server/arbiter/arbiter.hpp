// The master: waits for signals, deaths and time, lets the table decide, and does what it orders.
// Single-threaded; knows no HTTP and no application.
#pragma once

#include "base/result.hpp"
#include "server/arbiter/generations.hpp"
#include "server/arbiter/process.hpp"
#include "server/arbiter/reexec.hpp"
#include "server/arbiter/signal_queue.hpp"
#include "server/arbiter/worker_table.hpp"
#include "server/config/command_line.hpp"
#include "server/config/config.hpp"
#include "server/host/daemonize.hpp"
#include "server/host/pidfile.hpp"
#include "server/host/privileges.hpp"
#include "server/host/systemd.hpp"
#include "workers/exit_code.hpp"
#include "workers/lifeline.hpp"
#include "workers/scoreboard.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alicorn {

class Arbiter {
 public:
  Arbiter(Config config, CommandLine command_line);

  /// Until the server was told to stop, or could not start.
  ExitCode run();

 private:
  Result<void> start();
  Result<void> claim_host();
  bool finished() const;
  ExitCode finish();
  ExitCode fail_start(const Error& error);

  void handle(int signal);
  void execute(const Order& order);
  void on_exit(const ExitReport& report);
  void go_on_without_successor(const ExitReport& report);

  void spawn(const Spawn& order);
  ExitCode be_worker(const Spawn& order, const Generation& generation, pid_t master);
  void signal(const Signal& order);
  void reach(Milestone milestone);
  void report_departure(const Departure& departure, const ExitReport& report);

  void resize(int change);
  void park();
  void reopen_logs();
  void upgrade();

  // reload.cpp
  void reload();
  Result<std::uint32_t> open_generation(Config config, const Listeners& existing);
  void drop_old_generations();
  void retire(const Listeners& listeners);

  Result<void> prepare_logs(const Config& config);
  ScoreboardReading read_scoreboard() const;
  std::string describe_generation(std::uint32_t number) const;
  void complain(ExitCode code, std::string_view text);

  Config config_;  ///< as at start: what a reload does not change is read here
  CommandLine command_line_;
  Upgrade upgrade_;
  StartReport start_report_;
  SignalQueue signals_;
  ServiceNotifier notifier_;
  std::optional<Identity> identity_;
  Pidfile pidfile_;
  Lifeline lifeline_;
  Generations generations_;
  std::optional<Scoreboard> scoreboard_;
  std::optional<WorkerTable> table_;
};

/// What the table needs of a configuration.
WorkerPolicy policy_of(const Config& config);

}  // namespace alicorn
