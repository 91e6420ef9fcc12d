// Reports the milestones that the table reaches to those who wait for them: whoever started the
// server, the service manager, the control socket, hooks, and listeners that only older generations
// use. Master.
#pragma once

#include "server/arbiter/control_post.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/starter.hpp"
#include "server/arbiter/succession.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"

#include <string>

namespace alicorn {

class Milestones {
 public:
  Milestones(const Fleet& fleet, const Upgrade& upgrade, Succession& succession, Starter& starter,
             Listening& listening, ControlPost& control, ServiceManager& service, Hooks& hooks)
      : fleet_(fleet),
        upgrade_(upgrade),
        succession_(succession),
        starter_(starter),
        listening_(listening),
        control_(control),
        service_(service),
        hooks_(hooks) {}

  void reach(Milestone milestone);

 private:
  void serve_first();
  void serve_generation();
  void settle();
  void begin_stop();
  std::string describe_goal() const;

  const Fleet& fleet_;
  const Upgrade& upgrade_;
  Succession& succession_;
  Starter& starter_;
  Listening& listening_;
  ControlPost& control_;
  ServiceManager& service_;
  Hooks& hooks_;
};

}  // namespace alicorn
