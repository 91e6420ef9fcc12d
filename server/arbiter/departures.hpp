// What follows from the end of a worker: log lines, a hook, and reports to the control socket and
// the service manager. The table has judged the end before. Master.
#pragma once

#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/starter.hpp"
#include "server/control/control_desk.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

class Departures {
 public:
  Departures(Fleet& fleet, Hooks& hooks, Listening& listening, LogFiles& log_files,
             ServiceManager& service, Starter& starter, ControlDesk& desk)
      : fleet_(fleet),
        hooks_(hooks),
        listening_(listening),
        log_files_(log_files),
        service_(service),
        starter_(starter),
        desk_(desk) {}

  /// A process that was a worker has ended.
  void take_note(const Departure& departure, const ExitReport& report);
  /// There will be no worker in this slot, for this reason. `report`: the end of the process that
  /// should have forked it, if that has ended. `is_counted`: see WorkerTable::on_spawn_failed().
  void give_up_worker(std::uint32_t slot, const std::string& reason, const ExitReport& report,
                      bool is_counted = true);

 private:
  void conclude(const Departure& departure, const ExitReport& report, std::string_view reason);
  Estate estate_of(std::uint32_t slot, std::string_view reason) const;
  void write_log(const Departure& departure, const ExitReport& report, const Estate& estate,
                 const std::string& text) const;
  void follow_up(const Departure& departure, const ExitReport& report, const Estate& estate,
                 const std::string& text);

  Fleet& fleet_;
  Hooks& hooks_;
  Listening& listening_;
  LogFiles& log_files_;
  ServiceManager& service_;
  Starter& starter_;
  ControlDesk& desk_;
};

}  // namespace alicorn
