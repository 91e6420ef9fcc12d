// Requests to the master through the control socket: they read its state, or call the verbs.
// Master.
#pragma once

#include "server/arbiter/control_post.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/report/status.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/arbiter/verbs.hpp"
#include "server/control/control_command.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace alicorn {

class Commands {
 public:
  Commands(const Fleet& fleet, const Upgrade& upgrade, const ServiceManager& service,
           const LogFiles& log_files, ControlPost& control, Verbs& verbs)
      : fleet_(fleet),
        service_(service),
        log_files_(log_files),
        control_(control),
        verbs_(verbs),
        status_(fleet, upgrade, control.desk()) {}

  /// To be called after every wake-up: takes the requests of clients, and answers those that can be
  /// answered now.
  void serve();
  /// The answer to one request; nothing: the answer comes later.
  std::optional<std::string> answer_to(const ControlRequest& request);

 private:
  std::optional<std::string> obey(const ControlCommand& command, const ControlRequest& request);
  std::string scale(std::uint32_t workers);
  std::string recycle(std::uint32_t number);

  const Fleet& fleet_;
  const ServiceManager& service_;
  const LogFiles& log_files_;
  ControlPost& control_;
  Verbs& verbs_;
  StatusOfServer status_;
};

}  // namespace alicorn
