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
              [this](std::uint32_t generation) { return not_for_children(generation); }),
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
      status_(fleet_, upgrade_, control_.desk()) {}

ExitCode Arbiter::run() {
  if (auto started = start(); !started) return fail_start(started.error());
  // Not before: who starts a server sees at once why it does not start.
  if (auto written = log::write_in_background(); !written) log::warning(written.error().text());
  while (!finished()) {
    const auto signal = premises_.signals.wait_for(time_to_next_event(), awaited());
    if (signal) handle(*signal);
    reap();
    hear_zygotes();
    serve_control();
    do_chores();
    // A signal that came before the new master served must not be obeyed as if it had come after.
    if (!signal || *signal == SIGCHLD) succession_.hear();
    for (const int own : succession_.follow()) handle(own);
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

void Arbiter::handle(int signal) {
  if (succession_.takes(signal)) return;
  switch (signal) {
    case SIGCHLD:
      return;  // reaped after every wake-up
    case SIGHUP:
      return chores_.ask(Chores::Kind::kReload);
    case SIGTERM:
      return fleet_.table.terminate(now());
    case SIGINT:
    case SIGQUIT:
      return fleet_.table.stop(StopMode::kQuick);
    case SIGTTIN:
      return resize(+1);
    case SIGTTOU:
      return resize(-1);
    case SIGUSR1:
      chores_.ask(Chores::Kind::kReopenLogs);
      return succession_.pass_reopening_on(premises_.signals.sender());
    case SIGUSR2:
      if (succession_.may_begin()) chores_.ask(Chores::Kind::kUpgrade);
      return;
    case SIGWINCH:
      return park();
    default:
      return;
  }
}

void Arbiter::execute(const Order& order) {
  if (const auto* spawn_order = std::get_if<Spawn>(&order)) return spawn(*spawn_order);
  if (const auto* signal_order = std::get_if<Signal>(&order)) return signal(*signal_order);
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
  const auto number = open_first_generation(*inherited);
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
  for (const int signal : upgrade_.table().take_put_off()) handle(signal);  // during on_starting
  return {};
}

Result<void> Arbiter::open_first_log() {
  if (auto found = premises_.find_identity(); !found) return found;
  return log_files_.open_first(premises_.config.error_log);
}

void Arbiter::spawn(const Spawn& order) {
  const Generation& generation = fleet_.generations.at(order.generation);
  using Sharing = WorkerBoard::Sharing;
  auto opened = fleet_.scoreboard.open(
      order.slot, generation.config.preload ? Sharing::kByDescriptor : Sharing::kByFork);
  if (!opened) return departures_.give_up_worker(order.slot, opened.error().text(), ExitReport{});
  WorkerBoard& board = **opened;
  if (log_files_.ordered_level()) board.worker().order_log_level(*log_files_.ordered_level());
  hooks_.tell_of_worker(Hook::kPreFork, order.slot, 0, {});
  if (generation.config.preload) return spawn_by_zygote(order, board.take_fd());
  std::vector<int> unwanted = not_for_children(order.generation);
  const std::vector<int> files = take_regular_files(unwanted);
  const WorkerSpawn worker{
      .name = worker_name(order.slot),
      .title = process_title(worker_name(order.slot), generation.config),
      .close_in_child = std::move(unwanted),
      .body = [&, master = ::getpid()] {
        return static_cast<int>(be_worker(order, generation, board, files, master));
      }};
  const auto pid = spawn_worker(worker);
  board.keep_from_children();
  if (pid) {
    log::debug(worker.name + " (pid " + std::to_string(*pid) + ") starts");
    return fleet_.table.on_spawned(order.slot, *pid);
  }
  departures_.give_up_worker(order.slot, pid.error().text(), ExitReport{});
}

/// The master's own descriptors, the lifeline's write end first, and those of other generations.
std::vector<int> Arbiter::not_for_children(std::uint32_t generation) {
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

/// In the child.
ExitCode Arbiter::be_worker(const Spawn& order, const Generation& generation, WorkerBoard& board,
                            const std::vector<int>& unwanted_files, pid_t master) {
  log_files_.open_in_child(order.generation);
  if (const auto taken = take_on_conditions(generation.config); !taken) {
    board.set_boot_error(taken.error().text());
    return ExitCode::kBootError;
  }
  die_soon_after(master);
  // Not before the change of user, which waits for each thread, also for one that a disk holds.
  let_threads_close();
  for (const int file : unwanted_files) close_in_background(file);
  return run_worker(worker_context(order, generation, board));
}

/// In the child, before the app is loaded.
Result<void> Arbiter::take_on_conditions(const Config& config) const {
  if (config.umask) ::umask(*config.umask);
  for (const auto& [name, value] : config.env) ::setenv(name.c_str(), value.c_str(), 1);
  Result<void> taken = premises_.identity ? take_on(*premises_.identity) : Result<void>();
  set_dumpable(premises_.config.dumpable);
  return taken;
}

WorkerContext Arbiter::worker_context(const Spawn& order, const Generation& generation,
                                      WorkerBoard& board) {
  WorkerContext context{.settings = generation.config.worker,
                        .listeners = {},
                        .board = board,
                        .loads = fleet_.scoreboard.loads(),
                        .slot = order.slot,
                        .generation = order.generation,
                        .lifeline_fd = premises_.lifeline.read_end.get(),
                        .wake_fd = premises_.signals.wake_fd(),
                        .access_log_fd = generation.access_log.get()};
  for (const auto& listener : generation.listeners) {
    context.listeners.push_back({listener->fd.get(), listener->address});
  }
  return context;
}

void Arbiter::signal(const Signal& order) {
  WorkerBoard* const board = fleet_.scoreboard.find(order.slot);
  if (board != nullptr && (order.number == SIGTERM || order.number == SIGQUIT)) {
    board->worker().listeners_of_others.store(listening_.listeners_of_others(order.slot),
                                              std::memory_order_relaxed);
  }
  if (order.pid == 0 && hold_back(order)) return;
  if (order.pid != 0 && !is_child(order.pid)) return bury_lost_worker(order);
  report_signal(order);
  if (order.number == SIGABRT) hooks_.tell_of_worker(Hook::kWorkerAbort, order.slot, order.pid, {});
  send_signal(order.pid, order.number);
}

void Arbiter::reach(Milestone milestone) {
  switch (milestone) {
    case Milestone::kServing:
      log::info(describe_generation(fleet_.table.goal_generation()));
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
                    : describe_generation(fleet_.table.goal_generation()));
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

std::string Arbiter::describe_generation(std::uint32_t number) const {
  const Generation& generation = fleet_.generations.at(number);
  return describe_server(generation.config, generation.listeners, fleet_.table.target());
}

void Arbiter::resize(int change) {
  fleet_.table.resize(change);
  log::info("workers wanted from now on", {{"workers", std::to_string(fleet_.table.target())}});
}

void Arbiter::park() {
  if (fleet_.table.stop_mode() != StopMode::kNone) return;
  fleet_.table.park();
  // What a new master does without would be open, and nobody there.
  if (has_serving_successor(upgrade_.standing())) {
    listening_.retire_all();
  }
  control_.desk().note_end_of_reload("given up", "SIGWINCH sends all workers away", now());
  service_.say_ready();
  log::info("all workers leave; SIGHUP starts new ones");
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
        reload();
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
