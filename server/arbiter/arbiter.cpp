#include "server/arbiter/arbiter.hpp"

#include "base/log.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/control/answer.hpp"
#include "server/host/inherited_listeners.hpp"
#include "server/host/process_title.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <signal.h>
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
           .listening = listening_,
           .log_files = log_files_,
           .service = service_,
           .starter = starter_,
           .desk = control_.desk(),
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
      milestones_(fleet_, upgrade_, succession_, starter_, listening_, control_, service_, hooks_),
      verbs_(fleet_, upgrade_, succession_, chores_, log_files_, listening_, control_, service_),
      commands_(fleet_, upgrade_, service_, log_files_, control_, verbs_) {}

ExitCode Arbiter::run() {
  if (auto begun = begin(); !begun) fail_start(begun.error(), Life::Undoing::kNothing);
  while (!finished()) {
    const auto signal = premises_.signals.wait_for(time_to_next_event(), awaited());
    if (signal) handle(*signal);
    reap();
    keep_time_of_hooks();
    if (!life_.is_open()) continue;  // on_starting runs, or undoes what a failed start has done
    crew_.hear_zygotes();
    serve_operator();
    follow_sources();
    // A signal that came before the new master served must not be obeyed as if it had come after:
    // while orders wait, the new master's messages are not read.
    if (!signal || *signal == SIGCHLD) succession_.hear();
    follow_upgrade();
    for (const Order& order : fleet_.table.decide(fleet_.read_scoreboard(), now())) execute(order);
    tell_of_new_target();
    service_.inform();
    tell_metrics();
    listening_.retire_postponed();
  }
  const ExitCode code = finish();
  log::flush();
  return code;
}

/// In the order in which a failure leaves the least behind. Ends with the hook on_starting, which
/// decides whether the server starts; open() does the rest.
Result<void> Arbiter::begin() {
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

  // Take them out of the environment and set close-on-exec before a hook could keep them.
  auto inherited = take_inherited_listeners();
  if (!inherited) return tl::unexpected(inherited.error());
  premises_.inherited = std::move(*inherited);
  hide_given_descriptors(config.binds);
  // Otherwise on_exit would undo what the running server has done.
  if (auto free = require_free(binds_of(config), premises_.inherited); !free) return free;
  hooks_.tell(Hook::kOnStarting);
  return {};
}

Result<void> Arbiter::open_first_log() {
  if (auto found = premises_.find_identity(); !found) return found;
  return log_files_.open_first(premises_.config.error_log);
}

Result<void> Arbiter::judge_starting_hook() const {
  if (const int signal = life_.hurried_by(); signal != 0) {
    return fail("stopped by " + signal_name(signal) + " while hook on_starting was running");
  }
  const std::string& failure = hooks_.runner().last_failure();
  return failure.empty() ? Result<void>() : fail(failure);
}

/// Called after the hook on_starting. From here on, on_exit undoes what on_starting has done.
void Arbiter::open() {
  if (auto allowed = judge_starting_hook(); !allowed) {
    return fail_start(allowed.error(), Life::Undoing::kNothing);
  }
  if (auto opened = open_first_generation(); !opened) {
    return fail_start(opened.error(), Life::Undoing::kOnExit);
  }
  life_.note_open();
  open_sources();
  // Not earlier: whoever starts a server must see at once why it does not start.
  if (auto written = log::write_in_background(); !written) log::warning(written.error().text());
}

Result<void> Arbiter::open_first_generation() {
  auto begun = fleet_.scoreboard.begin(premises_.config.workers, upgrade_.take_rooms());
  if (!begun) return begun;
  succession_.share_slots();
  if (auto made = premises_.make_lifeline(); !made) return made;
  const Listeners inherited = std::exchange(premises_.inherited, {});
  const auto number = reloading_.open_first(inherited);
  if (!number) return tl::unexpected(number.error());
  upgrade_.take_over(inherited, fleet_.generations.all_listeners());
  const Config& config = premises_.config;
  set_process_title(process_title("master", config));
  if (!upgrade_.is_successor()) {
    if (auto opened = control_.open(*number); !opened) return opened;
  }
  log::info("starting (pid " + std::to_string(::getpid()) + "), app " + config.worker.app_name());
  if (config.user.empty() && serves_as_root(premises_.identity)) log::warning(kServesAsRoot);
  const Generation& first = fleet_.generations.at(*number);
  for (const std::string& remark : remarks_of(first.config, first.listeners)) log::warning(remark);
  for (const int signal : upgrade_.table().take_put_off())
    obey(signal);  // arrived during on_starting
  return {};
}

void Arbiter::fail_start(const Error& error, Life::Undoing undoing) {
  log::critical(error.text());
  starter_.complain(ExitCode::kCannotStart, error.text());
  listening_.retire_all();
  life_.note_failure(undoing);
}

/// Takes each step from one stage of the master's life to the next that requires no wait.
bool Arbiter::finished() {
  while (true) {
    switch (life_.next({.are_hooks_idle = hooks_.runner().is_idle(),
                        .is_over = succession_.is_over(),
                        .has_handed_over = has_handed_over(upgrade_.standing()),
                        .may_tell = !upgrade_.is_successor() || upgrade_.table().serves()})) {
      case Life::Step::kTurn:
        return false;
      case Life::Step::kOpen:
        open();
        break;
      case Life::Step::kSkipHooks:
        hooks_.runner().skip_waiting();
        break;
      case Life::Step::kTellExit:
        hooks_.tell(Hook::kOnExit, {{"EXIT_CODE", std::to_string(static_cast<int>(exit_code()))}});
        break;
      case Life::Step::kGoOn:
        premises_.signals.wake();  // workers must be started
        return false;
      case Life::Step::kEnd:
        return true;
    }
  }
}

ExitCode Arbiter::exit_code() const {
  return life_.has_failed() ? ExitCode::kCannotStart : fleet_.table.exit_code();
}

ExitCode Arbiter::finish() {
  if (life_.has_failed()) {
    premises_.pidfile.remove();
    control_.desk().close(now());
    return exit_code();
  }
  chores_.errands().give_up(now());
  succession_.remove_pidfile();
  if (exit_code() == ExitCode::kOk) {
    const bool is_succeeded = upgrade_.standing() == Standing::kHandedOver;
    log::info(is_succeeded ? "gone, the new master serves" : "stopped");
  }
  listening_.close();
  control_.desk().close(now());
  // If somebody still waits for the start, the start has not happened.
  starter_.tell_failure(ExitCode::kCannotStart, "alicorn: stopped before it served");
  return exit_code();
}

void Arbiter::obey(int signal) {
  alicorn::obey(signal, premises_.signals.sender(), verbs_);
}

/// A signal that comes before there are workers is obeyed when there are some. One that comes at
/// the end is for the new master of an upgrade, or has no effect; a stop ends the hooks that are
/// waited for.
void Arbiter::handle(int signal) {
  if (!life_.awaits_hooks()) return obey(signal);
  if (is_stop(signal)) {
    if (!life_.is_open() || hurries_end(signal)) life_.hurry(signal);
  } else if (life_.stage() == Life::Stage::kPreparing) {
    if (signal != SIGCHLD) upgrade_.table().put_off(signal, now());
  } else if (life_.is_open() && succession_.is_over()) {
    obey(signal);
  }
}

/// A stop signal hurries the end, unless it is the TERM that began the stop, passed on again by a
/// supervisor or a wrapper.
bool Arbiter::hurries_end(int signal) {
  const bool may_be_the_same = fleet_.table.stop_mode() == StopMode::kGraceful;
  if (signal != SIGTERM) {
    fleet_.table.stop(StopMode::kQuick);
  } else {
    fleet_.table.terminate(now());
  }
  return !may_be_the_same || fleet_.table.stop_mode() != StopMode::kGraceful;
}

void Arbiter::keep_time_of_hooks() {
  if (life_.hurried_by() != 0) hooks_.runner().give_up(now());
  hooks_.runner().keep_time(now());
  if (!life_.is_open()) service_.catch_up();
}

/// Serves the clients of the control socket, and does the chores that were asked for. An order to
/// stop ends the hooks that are waited for, just as a signal does.
void Arbiter::serve_operator() {
  const StopMode before = fleet_.table.stop_mode();
  commands_.serve();
  do_chores();
  if (fleet_.table.stop_mode() == before) return;
  life_.hurry(SIGTERM);
  premises_.signals.wake();
}

/// For development: nothing depends on it.
void Arbiter::open_sources() {
  const Config& config = premises_.config;
  if (!config.reload) return;
  SourceWatch::Sources sources;
  if (const PythonSettings& python = config.worker.python; !python.application.empty()) {
    sources.folders = python.path;
    std::error_code error;
    sources.folders.push_back(std::filesystem::current_path(error).string());
    sources.ending = ".py";
  } else {
    sources.file = config.worker.app_path;
  }
  if (auto opened = sources_.open(sources); !opened) {
    log::warning("reload: not every change will be seen: " + opened.error().text());
  }
}

void Arbiter::follow_sources() {
  const auto changed = sources_.due(now());
  if (!changed) return;
  log::info(*changed + " has changed: reloading");
  if (auto begun = verbs_.reload(std::nullopt); !begun) log::warning(begun.error().text());
}

void Arbiter::follow_upgrade() {
  if (life_.awaits_hooks()) return;  // a master that leaves no longer gives up a new one
  for (const int signal : succession_.follow()) obey(signal);
}

void Arbiter::reap() {
  if (reap_children([this](const ExitReport& report) { on_exit(report); })) {
    premises_.signals.wake();
  }
  while (const pid_t zygote = zygotes_.stuck(now())) leave_behind(zygote);
  if (const pid_t master = succession_.stuck(); master > 0) leave_behind(master);
}

void Arbiter::on_exit(const ExitReport& report) {
  if (hooks_.runner().on_exit(report) || chores_.errands().on_exit(report)) return;
  if (!fleet_.is_open()) return;
  if (!left_behind_.on_exit(report.pid)) return bury(report);
  // Until now a new master had the pidfile locked.
  const std::string& place = upgrade_.place_of_pidfile();
  if (!place.empty() && place != premises_.pidfile.path()) {
    chores_.ask(Chores::Kind::kTakePidfileBack);
  }
}

/// Not even SIGKILL has ended the process: the consequences of its end are drawn now. Only reap()
/// still waits for it.
void Arbiter::leave_behind(pid_t pid) {
  bury({.pid = pid, .signal = SIGKILL, .is_stuck = true});
}

void Arbiter::bury(const ExitReport& report) {
  if (!succession_.on_exit(report)) crew_.on_exit(report);
}

void Arbiter::execute(const Order& order) {
  if (const auto* spawn_order = std::get_if<Spawn>(&order)) return crew_.spawn(*spawn_order);
  if (const auto* signal_order = std::get_if<Signal>(&order)) return crew_.signal(*signal_order);
  if (const auto* stuck = std::get_if<LeaveBehind>(&order)) return leave_behind(stuck->pid);
  milestones_.reach(std::get<Milestone>(order));
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
  for (const int fd : fleet_.descriptors_not_for(generation, listening_.bound())) {
    descriptors.push_back(fd);
  }
  return descriptors;
}

bool Arbiter::is_others_child(pid_t pid) const {
  return hooks_.runner().runs(pid) || chores_.errands().runs(pid) ||
         upgrade_.successor().pid() == pid;
}

void Arbiter::tell_of_new_target() {
  if (!life_.awaits_hooks()) hooks_.tell_of_new_target();
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

milliseconds Arbiter::time_to_next_event() const {
  constexpr milliseconds kLongestWait{60'000};
  const MonotonicTime present = now();
  milliseconds next = kLongestWait;
  if (life_.is_open()) {
    next = std::min(fleet_.table.time_to_next_event(present), metrics_.time_to_next(present));
  }
  const auto of_upgrade = life_.awaits_hooks() ? std::nullopt : upgrade_.next_event(present);
  for (const auto& other :
       {control_.desk().socket().next_deadline(present), of_upgrade, service_.next_word(present),
        hooks_.runner().next_event(), zygotes_.next_deadline(), chores_.errands().deadline(),
        sources_.next_event()}) {
    if (!other) continue;
    const auto left = std::chrono::ceil<milliseconds>(*other - present);
    next = std::clamp(left, milliseconds(0), next);
  }
  return next;
}

std::vector<pollfd> Arbiter::awaited() const {
  std::vector<pollfd> all = zygotes_.watched();
  for (const pollfd& one : control_.desk().socket().awaited(now())) all.push_back(one);
  if (const auto errand = chores_.errands().awaited()) all.push_back(*errand);
  const int successor = upgrade_.successor().fd();
  for (const int fd : {successor, sources_.fd()}) {
    if (fd >= 0) all.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  return all;
}

}  // namespace alicorn
