#include "server/arbiter/arbiter.hpp"

#include "base/lingering_fd.hpp"
#include "base/log.hpp"
#include "base/open_descriptors.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/control/answer.hpp"
#include "server/host/inherited_listeners.hpp"
#include "server/host/process_title.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
Arbiter::Arbiter(Config config, CommandLine command_line)
    : premises_(std::move(config), std::move(command_line)),
      upgrade_(premises_.command_line),
      starter_(upgrade_, premises_.config.error_log),
      fleet_(premises_.config),
      service_(fleet_, upgrade_),
      listening_(fleet_, upgrade_, premises_.identity),
      log_files_(fleet_, zygotes_, premises_.identity),
      control_(fleet_, upgrade_),
      hooks_(premises_.config, fleet_, upgrade_),
      departures_(fleet_, hooks_, listening_, log_files_, service_, starter_, control_.desk()),
      chores_(fleet_, premises_.signals,
              [this](std::uint32_t generation) { return own_descriptors(generation); }),
      succession_({.premises = premises_,
                   .upgrade = upgrade_,
                   .fleet = fleet_,
                   .zygotes = zygotes_,
                   .starter = starter_,
                   .left_behind = left_behind_,
                   .chores = chores_,
                   .listening = listening_,
                   .control = control_,
                   .service = service_,
                   .hooks = hooks_}),
      crew_(
          {.fleet = fleet_,
           .zygotes = zygotes_,
           .left_behind = left_behind_,
           .departures = departures_,
           .listening = listening_,
           .log_files = log_files_,
           .hooks = hooks_,
           .is_others_child = [this](pid_t pid) { return is_others_child(pid); }},
          {.signals = premises_.signals,
           .lifeline = premises_.lifeline,
           .identity = premises_.identity,
           .dumpable = premises_.config.dumpable,
           .own_descriptors =
               [this](std::uint32_t generation) { return own_descriptors(generation); },
           .open_log = [this](std::uint32_t generation) { log_files_.open_in_child(generation); }}),
      reloading_({.premises = premises_,
                  .fleet = fleet_,
                  .succession = succession_,
                  .chores = chores_,
                  .listening = listening_,
                  .log_files = log_files_,
                  .control = control_,
                  .service = service_,
                  .hooks = hooks_}),
      verbs_(fleet_, upgrade_, succession_, chores_, log_files_, listening_, control_, service_),
      commands_(fleet_, upgrade_, service_, log_files_, control_, verbs_) {}

ExitCode Arbiter::run() {
  if (auto started = start(); !started) return fail_start(started.error());
  // Not before: who starts a server sees at once why it does not start.
  if (auto written = log::write_in_background(); !written) log::warning(written.error().text());
  while (!finished()) {
    const auto signal = premises_.signals.wait_for(time_to_next_event(), awaited());
    if (signal) obey(*signal);
    reap();
    crew_.hear_zygotes();
    commands_.serve();
    do_chores();
    // A signal that came before the new master served must not be obeyed as if it had come after.
    if (!signal || *signal == SIGCHLD) succession_.hear();
    for (const int own : succession_.follow()) obey(own);
    for (const Order& order : fleet_.table.decide(fleet_.read_scoreboard(), now())) execute(order);
    hooks_.tell_of_new_target();
    hooks_.runner().keep_time(now());
    service_.inform();
    tell_metrics();
    listening_.retire_postponed();
  }
  const ExitCode code = finish();
  log::flush();
  return code;
}

void Arbiter::obey(int signal) {
  alicorn::obey(signal, premises_.signals.sender(), verbs_);
}

void Arbiter::execute(const Order& order) {
  if (const auto* spawn_order = std::get_if<Spawn>(&order)) return crew_.spawn(*spawn_order);
  if (const auto* signal_order = std::get_if<Signal>(&order)) return crew_.signal(*signal_order);
  if (const auto* stuck = std::get_if<LeaveBehind>(&order)) return leave_behind(stuck->pid);
  reach(std::get<Milestone>(order));
}

/// In the order in which a failure leaves the least behind.
Result<void> Arbiter::start() {
  const Config& config = premises_.config;
  if (config.daemon && !upgrade_.is_successor()) {
    if (auto left = starter_.leave_for_background(time_to_serve(config)); !left) return left;
  }
  if (auto claimed = premises_.claim_process(); !claimed) return claimed;
  if (auto opened = open_first_log(); !opened) {
    starter_.note_missing_log();
    return opened;
  }
  service_.begin(config);
  if (auto claimed = premises_.claim_place(); !claimed) return claimed;

  // Out of the environment, and closed on exec, before a hook could keep them.
  const auto inherited = take_inherited_listeners();
  if (!inherited) return tl::unexpected(inherited.error());
  hide_given_descriptors(config.binds);
  // Else on_exit would undo what the server that runs has done.
  if (auto free = require_free(binds_of(config), *inherited); !free) return free;
  if (auto hook = run_starting_hook(); !hook) return hook;
  has_run_starting_hook_ = true;
  if (auto begun = fleet_.scoreboard.begin(); !begun) return begun;
  if (auto made = premises_.make_lifeline(); !made) return made;
  const auto number = reloading_.open_first(*inherited);
  if (!number) return tl::unexpected(number.error());
  upgrade_.take_over(*inherited, fleet_.generations.all_listeners());
  set_process_title(process_title("master", config));
  if (!upgrade_.is_successor()) {
    if (auto opened = control_.open(*number); !opened) return opened;
  }
  log::info("starting (pid " + std::to_string(::getpid()) + "), app " + config.worker.app_path);
  if (config.user.empty() && serves_as_root(premises_.identity)) log::warning(kServesAsRoot);
  const Generation& first = fleet_.generations.at(*number);
  for (const std::string& remark : remarks_of(first.config, first.listeners)) log::warning(remark);
  for (const int signal : upgrade_.table().take_put_off()) obey(signal);  // during on_starting
  return {};
}

Result<void> Arbiter::open_first_log() {
  if (auto found = premises_.find_identity(); !found) return found;
  return log_files_.open_first(premises_.config.error_log);
}

/// The master's own descriptors, the lifeline's write end first, and those of other generations.
std::vector<int> Arbiter::own_descriptors(std::uint32_t generation) const {
  std::vector<int> descriptors{premises_.lifeline.write_end.get(), starter_.fd(),
                               premises_.pidfile.fd(), upgrade_.predecessor().fd(),
                               upgrade_.successor().fd()};
  for (const int fd : premises_.signals.descriptors()) descriptors.push_back(fd);
  for (const Zygote& zygote : zygotes_.all()) {
    for (const int fd : zygote.descriptors()) descriptors.push_back(fd);
  }
  for (const int fd : control_.desk().descriptors()) descriptors.push_back(fd);
  if (const auto errand = chores_.errands().awaited()) descriptors.push_back(errand->fd);
  const Listeners& own = fleet_.generations.at(generation).listeners;
  for (const auto& listener : listening_.bound()) {
    if (std::find(own.begin(), own.end(), listener) != own.end()) continue;
    descriptors.push_back(listener->fd.get());
  }
  for (const std::uint32_t number : fleet_.generations.numbers()) {
    const Generation& other = fleet_.generations.at(number);
    const bool is_taken = number == generation && generation != fleet_.table.goal_generation();
    if (!is_taken) descriptors.push_back(other.error_log.get());
    if (number != generation) descriptors.push_back(other.access_log.get());
  }
  return descriptors;
}

bool Arbiter::is_others_child(pid_t pid) const {
  return hooks_.runner().runs(pid) || chores_.errands().runs(pid) ||
         upgrade_.successor().pid() == pid;
}

void Arbiter::reach(Milestone milestone) {
  switch (milestone) {
    case Milestone::kServing:
      log::info(describe_goal());
      // The old master of an upgrade goes when all workers are in place.
      if (upgrade_.is_successor()) return;
      service_.say_ready();
      control_.take();
      hooks_.tell(Hook::kWhenReady);
      return starter_.tell_success();
    case Milestone::kGenerationServes:
      service_.forget_failure();
      log::info(fleet_.generations.listens_like_others(fleet_.table.goal_generation())
                    ? "the new generation serves"
                    : describe_goal());
      // Workers of the old generation still take what waits in the queues.
      listening_.retire_old();
      control_.take();
      return service_.say_ready();
    case Milestone::kSettled:
      if (upgrade_.is_successor() && !upgrade_.table().serves()) succession_.replace_old();
      service_.say_ready();
      control_.desk().note_end_of_reload("succeeded", {}, now());
      return log::info("workers in place",
                       {{"workers", std::to_string(fleet_.table.target())},
                        {"generation", std::to_string(fleet_.table.goal_generation())}});
    case Milestone::kStopping:
      log::info(fleet_.table.stop_mode() == StopMode::kQuick ? "stopping quickly" : "stopping");
      control_.desk().note_end_of_reload("given up", "the server stops", now());
      // The service goes on if a new master has taken over.
      if (!has_peer(upgrade_.standing())) service_.say_stopping();
      return listening_.retire_all();
  }
}

std::string Arbiter::describe_goal() const {
  const Generation& generation = fleet_.goal();
  return describe_server(generation.config, generation.listeners, fleet_.table.target());
}

void Arbiter::tell_metrics() {
  const Generation& generation = fleet_.goal();
  metrics_.configure(generation.config.worker.statsd);
  metrics_.report(fleet_.table.alive(), generation.listeners, now());
}

void Arbiter::do_chores() {
  chores_.errands().hear(now());
  while (const auto chore = chores_.begin()) {
    switch (*chore) {
      case Chores::Kind::kReopenLogs:
        chores_.send(log_files_.reopening([this](const Result<void>& reopened) {
          for (const Chores::Asker& asker : chores_.end()) {
            const std::string answer = reopened ? done() : refusal(reopened.error().text());
            control_.desk().socket().answer(asker.client, answer, now());
          }
        }));
        break;
      case Chores::Kind::kReload:
        reloading_.begin();
        break;
      case Chores::Kind::kUpgrade:
        succession_.begin();
        break;
      case Chores::Kind::kTakePidfileBack:
        succession_.take_pidfile_back();
        break;
    }
  }
}

}  // namespace alicorn
