// The verbs as the master executes them, as far as an upgrade under way allows. Master.
#pragma once

#include "server/arbiter/control_post.hpp"
#include "server/arbiter/file_chores.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/service_manager.hpp"
#include "server/arbiter/succession.hpp"
#include "server/arbiter/upgrade/upgrade.hpp"
#include "server/arbiter/verbs.hpp"

namespace alicorn {

class ServerVerbs final : public Verbs {
 public:
  ServerVerbs(Fleet& fleet, const Upgrade& upgrade, Succession& succession, FileChores& chores,
              LogFiles& log_files, Listening& listening, ControlPost& control,
              ServiceManager& service)
      : fleet_(fleet),
        upgrade_(upgrade),
        succession_(succession),
        chores_(chores),
        log_files_(log_files),
        listening_(listening),
        control_(control),
        service_(service) {}

  Result<void> reload(std::optional<Chores::Asker> asker) override;
  Result<void> reopen(pid_t from, std::optional<Chores::Asker> asker) override;
  void resize(int change) override;
  bool recycle(std::uint32_t slot) override { return fleet_.table.recycle(slot, now()); }
  void stop(int signal) override;
  void park() override;
  void upgrade() override;
  void order_log_level(log::Level level) override { log_files_.order_level(level); }

 private:
  Result<void> require_reload() const;
  Result<void> require_room() const;

  Fleet& fleet_;
  const Upgrade& upgrade_;
  Succession& succession_;
  FileChores& chores_;
  LogFiles& log_files_;
  Listening& listening_;
  ControlPost& control_;
  ServiceManager& service_;
};

}  // namespace alicorn
