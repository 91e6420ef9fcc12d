#include "server/arbiter/departures.hpp"

#include "base/log.hpp"
#include "server/arbiter/report/kept_request.hpp"

namespace alicorn {

void Departures::take_note(const Departure& departure, const ExitReport& report) {
  if (departure.was_left_behind) {
    log::info(worker_name(departure.slot) + " (pid " + std::to_string(report.pid) +
              "), which was left behind, has ended");
    return hooks_.tell_of_departure(departure, report);
  }
  conclude(departure, report, {});
  listening_.drop_old_generations();
}

void Departures::give_up_worker(std::uint32_t slot, const std::string& reason,
                                const ExitReport& report, bool is_counted) {
  conclude(fleet_.table.on_spawn_failed(slot, report, now(), is_counted), report, reason);
}

/// `reason`: why there never was a worker; "": the worker itself has reported the reason.
void Departures::conclude(const Departure& departure, const ExitReport& report,
                          std::string_view reason) {
  const Estate estate = estate_of(departure.slot, reason);
  const std::string text = describe_departure(departure, report, estate, now());
  write_log(departure, report, estate, text);
  if (level_of(departure, report, estate.crash) >= log::Level::kError) {
    service_.note_failure(text, describe_departure_in_public(departure, report, estate.crash));
  }
  fleet_.tally.remember(departure, fleet_.scoreboard.find(departure.slot));
  hooks_.tell_of_departure(departure, report);
  follow_up(departure, report, estate, text);
  fleet_.scoreboard.close(departure.slot);
}

Estate Departures::estate_of(std::uint32_t slot, std::string_view reason) const {
  Estate estate;
  if (const WorkerBoard* const board = fleet_.scoreboard.find(slot)) {
    estate = {.in_flight = board->calls_in_flight(),
              .boot_error = board->boot_error(),
              .crash = board->crash_report()};
  }
  if (!reason.empty()) estate.boot_error = reason;
  return estate;
}

/// The generation comes from the table, because the worker may have written anything into its slot.
void Departures::write_log(const Departure& departure, const ExitReport& report,
                           const Estate& estate, const std::string& text) const {
  log_departure(level_of(departure, report, estate.crash), text, estate.crash);
  const WorkerBoard* const board = fleet_.scoreboard.find(departure.slot);
  if (board == nullptr) return;
  const Config& config = fleet_.generations.at(departure.generation).config;
  const std::string name = worker_name(departure.slot);
  const std::string kept = describe_kept_request(board->worker().kept_request, config);
  if (!kept.empty()) log::error(name + ": " + kept);
  if (report.signal != 0 && board->worker().app_written_over.load() != 0) {
    const std::string& app = config.worker.app_path;
    log::error(name + ": " + app +
               " has been written over since this worker loaded it, which damages the code that "
               "runs; copy a new version beside it, rename that to " +
               app + ", and reload");
  }
}

void Departures::follow_up(const Departure& departure, const ExitReport& report,
                           const Estate& estate, const std::string& text) {
  using Consequence = Departure::Consequence;
  if (departure.consequence == Consequence::kStopServer) {
    starter_.complain(fleet_.table.exit_code(), text);
  }
  if (departure.consequence == Consequence::kAbandonReload) {
    static_cast<void>(log_files_.log_as(fleet_.table.goal_generation()));
    desk_.drop_expected();
    desk_.note_end_of_reload("abandoned", describe_boot_failure(departure, report, estate), now());
    listening_.retire_unwanted();
    service_.say_ready();
  }
  const bool is_tried_again = departure.consequence == Consequence::kRespawn;
  if (is_tried_again && departure.kind == Departure::Kind::kBootFailed) {
    desk_.note_boot_failure(departure.generation, describe_boot_failure(departure, report, estate),
                            now());
  }
}

}  // namespace alicorn
