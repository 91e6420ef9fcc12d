#include "server/arbiter/milestones.hpp"

#include "base/log.hpp"
#include "server/arbiter/report/report.hpp"

namespace alicorn {

void Milestones::reach(Milestone milestone) {
  switch (milestone) {
    case Milestone::kServing:
      return serve_first();
    case Milestone::kGenerationServes:
      return serve_generation();
    case Milestone::kSettled:
      return settle();
    case Milestone::kStopping:
      return begin_stop();
  }
}

void Milestones::serve_first() {
  log::info(describe_goal());
  // During an upgrade the old master leaves only when all workers are in place.
  if (upgrade_.is_successor()) return;
  service_.say_ready();
  control_.take();
  hooks_.tell(Hook::kWhenReady);
  starter_.tell_success();
}

void Milestones::serve_generation() {
  service_.forget_failure();
  log::info(fleet_.generations.listens_like_others(fleet_.table.goal_generation())
                ? "the new generation serves"
                : describe_goal());
  // Workers of the old generation still accept what waits in the queues.
  listening_.retire_old();
  control_.take();
  service_.say_ready();
}

void Milestones::settle() {
  if (upgrade_.is_successor() && !upgrade_.table().serves()) succession_.replace_old();
  service_.say_ready();
  control_.desk().note_end_of_reload("succeeded", {}, now());
  log::info("workers in place", {{"workers", std::to_string(fleet_.table.target())},
                                 {"generation", std::to_string(fleet_.table.goal_generation())}});
}

void Milestones::begin_stop() {
  log::info(fleet_.table.stop_mode() == StopMode::kQuick ? "stopping quickly" : "stopping");
  control_.desk().note_end_of_reload("given up", "the server stops", now());
  // If a new master has taken over, the service goes on.
  if (!has_peer(upgrade_.standing())) service_.say_stopping();
  listening_.retire_all();
}

std::string Milestones::describe_goal() const {
  const Generation& generation = fleet_.goal();
  return describe_server(generation.config, generation.listeners, fleet_.table.target());
}

}  // namespace alicorn
