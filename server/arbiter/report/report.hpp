// What the master's log says about its workers, one line each. Master.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "server/arbiter/table/worker_table.hpp"
#include "server/config/config.hpp"
#include "server/host/exit_report.hpp"
#include "server/host/listeners.hpp"
#include "workers/contract/scoreboard.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// Slots count from 0, people from 1.
std::string worker_name(std::uint32_t slot);

/// "alicorn: worker 3 [shop]", for ps.
std::string process_title(std::string_view process, const Config& config);

/// "listening at http://127.0.0.1:8000 (pid 1234), 2 workers, app /srv/hello.so"
std::string describe_server(const Config& config, const Listeners& listeners,
                            std::uint32_t workers);

/// What a worker left in the scoreboard.
struct Estate {
  std::vector<CallReport> in_flight;
  std::string boot_error;  ///< why it did not start, if it said so
  CrashReport crash;
};

/// "worker 3 (pid 77) could not start: " and why.
std::string describe_boot_failure(const Departure& departure, const ExitReport& report,
                                  const Estate& estate);

/// What became of a worker and its requests, and what is done about it.
std::string describe_departure(const Departure& departure, const ExitReport& report,
                               const Estate& estate, MonotonicTime now);
/// The same for every user of the machine: without anything that a request, the app or a file has
/// said, which may be a password.
std::string describe_departure_in_public(const Departure& departure, const ExitReport& report,
                                         const CrashReport& crash);
/// Logs it, with the backtrace if it crashed.
void log_departure(log::Level level, std::string_view text, const CrashReport& crash);
/// "the new master (pid 77) ended with exit code 2 (wrong usage): " and its last words.
std::string describe_successor_end(const ExitReport& report, std::string_view last_words);

/// Why a zygote's workers do not come; `last_words`: what the zygote itself said.
std::string describe_zygote_end(const ExitReport& report, std::string_view last_words,
                                bool was_ready, bool was_late);

log::Level level_of(const Departure& departure, const ExitReport& report, const CrashReport& crash);

/// Logs nothing for a worker that was told to leave: its end is logged.
void report_signal(const Signal& signal);

}  // namespace alicorn
