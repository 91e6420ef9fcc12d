// Executes the table's orders about workers: forks them, directly or through a zygote, signals
// them, and takes note of their ends. Master.
#pragma once

#include "server/arbiter/departures.hpp"
#include "server/arbiter/fleet/fleet.hpp"
#include "server/arbiter/hooks/hooks.hpp"
#include "server/arbiter/left_behind.hpp"
#include "server/arbiter/listening.hpp"
#include "server/arbiter/log_files.hpp"
#include "server/arbiter/spawn/spawner.hpp"
#include "server/arbiter/spawn/zygote.hpp"
#include "server/arbiter/spawn/zygote_spawner.hpp"

#include <cstdint>
#include <functional>

#include <sys/types.h>

namespace alicorn {

class Crew {
 public:
  /// What it acts on; all of it outlives the crew.
  struct Parts {
    Fleet& fleet;
    Zygotes& zygotes;
    LeftBehind& left_behind;
    Listening& listening;
    LogFiles& log_files;
    ServiceManager& service;
    Starter& starter;
    ControlDesk& desk;
    Hooks& hooks;
    /// Whether this child was forked by somebody other than the crew.
    std::function<bool(pid_t)> is_others_child;
  };
  Crew(const Parts& parts, Spawner::Heritage heritage)
      : parts_(parts),
        departures_(parts_.fleet, parts_.hooks, parts_.listening, parts_.log_files, parts_.service,
                    parts_.starter, parts_.desk),
        spawner_(parts_.fleet, std::move(heritage)),
        zygote_spawner_(parts_.fleet, spawner_) {}
  Crew(const Crew&) = delete;  // the spawners refer to each other
  Crew& operator=(const Crew&) = delete;

  void spawn(const Spawn& order);
  void signal(const Signal& order);
  /// After every wake-up, and when a child has ended: reads what zygotes say about their workers.
  void hear_zygotes();
  /// A child that nobody else has forked has ended.
  void on_exit(const ExitReport& report);

 private:
  void spawn_by_zygote(const Spawn& order, UniqueFd board);
  Result<Zygote*> zygote_for(std::uint32_t generation, int board);
  void hear(Zygote& zygote, std::size_t messages_max = Zygote::kHeardPerTurn);
  void obey(const ZygoteEvent& event);
  void take_on_forked(const WorkerForked& worker);
  void take_on_ended(pid_t pid);
  void bury_lost_worker(const Signal& order);
  bool is_known(pid_t pid) const;
  bool on_zygote_exit(const ExitReport& report);
  bool hold_back(const Signal& order);
  void dismiss_zygotes();

  Parts parts_;
  Departures departures_;
  Spawner spawner_;
  ZygoteSpawner zygote_spawner_;
};

}  // namespace alicorn
