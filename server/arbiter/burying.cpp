// Arbiter: what the end of a child means, and who is told.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/arbiter/report/report.hpp"

#include <string>

#include <signal.h>

namespace alicorn {

void Arbiter::reap() {
  if (reap_children([this](const ExitReport& report) { on_exit(report); }))
    premises_.signals.wake();
  while (const pid_t zygote = zygotes_.stuck(now())) leave_behind(zygote);
  if (upgrade_.successor().is_stuck(now())) leave_behind(upgrade_.successor().pid());
}

void Arbiter::on_exit(const ExitReport& report) {
  if (hooks_.on_exit(report) || errands_.on_exit(report) || !fleet_.is_open()) return;
  if (!left_behind_.on_exit(report.pid)) return bury(report);
  // A new master had locked it until now.
  const std::string& place = upgrade_.place_of_pidfile();
  if (!place.empty() && place != premises_.pidfile.path()) ask_for(Chores::Kind::kTakePidfileBack);
}

/// Not even SIGKILL has ended it: what its end would mean it means now. Nobody waits for it but
/// reap().
void Arbiter::leave_behind(pid_t pid) {
  bury({.pid = pid, .signal = SIGKILL, .is_stuck = true});
}

void Arbiter::bury(const ExitReport& report) {
  if (report.pid == upgrade_.successor().pid()) hear_successor();
  if (upgrade_.on_exit(report)) {
    ask_for(Chores::Kind::kTakePidfileBack);
    if (report.is_stuck) left_behind_.add(report.pid, "the new master");
    return go_on_without_successor(report);
  }
  hear_zygotes();  // a worker of theirs that has ended was announced before
  if (on_zygote_exit(report)) return;
  take_on_ended(report.pid);
  const auto departure = fleet_.table.on_exit(report, now());
  if (!departure) return;
  if (departure->was_left_behind) {
    log::info(worker_name(departure->slot) + " (pid " + std::to_string(report.pid) +
              "), which was left behind, has ended");
    return tell_of_departure(*departure, report);
  }
  report_departure(*departure, report);
  listening_.drop_old_generations();
}

/// `reason`: why there never was a worker; "": it says so itself.
void Arbiter::report_departure(const Departure& departure, const ExitReport& report,
                               std::string_view reason) {
  const std::uint32_t slot = departure.slot;
  const WorkerBoard* const board = fleet_.scoreboard.find(slot);
  Estate estate;
  if (board != nullptr) {
    estate = {.in_flight = board->calls_in_flight(),
              .boot_error = board->boot_error(),
              .crash = board->crash_report()};
  }
  if (!reason.empty()) estate.boot_error = reason;
  const std::string text = describe_departure(departure, report, estate, now());
  log_departure(level_of(departure, report, estate.crash), text, estate.crash);
  report_kept_request(departure);
  const std::string& app = fleet_.generations.at(departure.generation).config.worker.app_path;
  const bool is_written_over = board != nullptr && board->worker().app_written_over.load() != 0;
  if (report.signal != 0 && is_written_over) {
    log::error(worker_name(slot) + ": " + app +
               " has been written over since this worker loaded it, which damages the code that "
               "runs; copy a new version beside it, rename that to " +
               app + ", and reload");
  }
  if (level_of(departure, report, estate.crash) >= log::Level::kError) {
    service_.note_failure(text, describe_departure_in_public(departure, report, estate.crash));
  }
  remember_departed(departure);
  tell_of_departure(departure, report);
  if (departure.consequence == Departure::Consequence::kStopServer) {
    starter_.complain(fleet_.table.exit_code(), text);
  }
  if (departure.consequence == Departure::Consequence::kAbandonReload) {
    static_cast<void>(log_files_.log_as(fleet_.table.goal_generation()));
    control_.drop_expected();
    control_.note_end_of_reload("abandoned", describe_boot_failure(departure, report, estate),
                                now());
    listening_.retire_unwanted();
    service_.say_ready();
  }
  const bool is_tried_again = departure.consequence == Departure::Consequence::kRespawn;
  if (is_tried_again && departure.kind == Departure::Kind::kBootFailed) {
    control_.note_boot_failure(departure.generation,
                               describe_boot_failure(departure, report, estate), now());
  }
  fleet_.scoreboard.close(slot);
}

}  // namespace alicorn
