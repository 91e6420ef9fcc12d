// The facts that the control socket reports of a master and its workers. Master.
#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/control/control_desk.hpp"
#include "server/control/status_report.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

class StatusOfServer {
 public:
  StatusOfServer(const Fleet& fleet, const Upgrade& upgrade, const ControlDesk& desk)
      : fleet_(fleet), upgrade_(upgrade), desk_(desk) {}

  /// `ordered_level`: by an operator, if it overrides the configured one.
  ServerStatus take(const std::string& last_failure, std::optional<log::Level> ordered_level) const;
  std::vector<WorkerStatus> take_workers() const;
  /// Rendered: the oldest requests, and how many more there are.
  std::string render_requests_in_flight() const;

 private:
  std::string_view state_name() const;
  void add_losses(ServerStatus& status) const;

  const MonotonicTime started_ = now();
  const Fleet& fleet_;
  const Upgrade& upgrade_;
  const ControlDesk& desk_;
};

}  // namespace alicorn
