// Arbiter: workers that are forked from a process which has loaded the app.
#include "base/log.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/arbiter/spawn/zygote_process.hpp"
#include "workers/contract/sizes.hpp"

#include <optional>
#include <utility>
#include <variant>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

std::string describe_impostor(pid_t pid) {
  return "process " + std::to_string(pid) +
         " says that it is this worker, and is no child of the master's, or another one";
}

}  // namespace

void Arbiter::spawn_by_zygote(const Spawn& order, UniqueFd board) {
  Zygote* zygote = zygotes_.of(order.generation);
  if (zygote == nullptr) {
    auto started = start_zygote(order.generation, board.get());
    if (!started)
      return departures_.give_up_worker(order.slot, started.error().text(), ExitReport{});
    zygote = *started;
  }
  zygote->ask_for(order.slot, std::move(board), now());
}

Result<Zygote*> Arbiter::start_zygote(std::uint32_t number, int board) {
  if (left_behind_.is_full()) {
    return fail(LeftBehind::refusal());
  }
  if (auto adopting = adopt_orphans(); !adopting) return tl::unexpected(adopting.error());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    return fail_errno("socketpair", "zygote");
  }
  UniqueFd own_end(ends[0]);
  const UniqueFd its_end(ends[1]);
  if (auto telling = tell_senders(own_end.get()); !telling) return tl::unexpected(telling.error());
  WorkerSpawn spawn{.name = "zygote",
                    .title = process_title("zygote", fleet_.generations.at(number).config),
                    .close_in_child = not_for_children(number),
                    .body = [&, master = ::getpid()] {
                      return static_cast<int>(be_zygote(number, its_end.get(), master));
                    }};
  spawn.close_in_child.push_back(own_end.get());
  spawn.close_in_child.push_back(board);  // one worker's: the zygote has it when that is ordered
  const auto pid = spawn_worker(spawn);
  if (!pid) return tl::unexpected(pid.error());
  log::debug("the zygote (pid " + std::to_string(*pid) + ") starts",
             {{"generation", std::to_string(number)}});
  return &zygotes_.add(Zygote(number, *pid, std::move(own_end)));
}

/// In the child.
ExitCode Arbiter::be_zygote(std::uint32_t number, int socket, pid_t master) {
  Generation& generation = fleet_.generations.at(number);
  log_files_.open_in_child(number);
  if (const auto taken = take_on_conditions(generation.config); !taken) {
    return give_up(socket, taken.error(), ExitCode::kBootError);
  }
  die_soon_after(master);
  const auto describe_worker = [&](std::uint32_t slot, AppHost& app,
                                   std::optional<WorkerBoard>& board) {
    return WorkerSpawn{.name = worker_name(slot),
                       .title = process_title(worker_name(slot), generation.config),
                       .close_in_child = {socket},
                       .body = [this, &generation, &app, &board, slot, number, master] {
                         die_soon_after(master);
                         WorkerContext context = worker_context({slot, number}, generation, *board);
                         context.preloaded = &app;
                         return static_cast<int>(run_worker(context));
                       }};
  };
  return run_zygote(
      {.settings = generation.config.worker,
       .calls_max = kCallsMax,
       .socket = socket,
       .master = master,
       .describe_worker = describe_worker,
       .take_access_log = [&](LingeringFd file) { generation.access_log = std::move(file); }});
}

void Arbiter::hear_zygotes() {
  for (Zygote& zygote : zygotes_.all()) {
    hear(zygote);
    for (const ZygoteEvent& event : zygote.give_up_late(now())) obey(event);
    // It ends, or it runs on deaf and dumb: its end is what counts.
    if (zygote.is_mute() && !zygote.is_dismissed()) kill(zygote);
  }
  dismiss_zygotes();
}

void Arbiter::kill(Zygote& zygote) {
  send_signal(zygote.pid(), SIGKILL);
  zygote.note_kill(now());
}

void Arbiter::hear(Zygote& zygote, std::size_t messages_max) {
  for (const ZygoteEvent& event : zygote.hear(now(), messages_max)) obey(event);
}

void Arbiter::obey(const ZygoteEvent& event) {
  if (const auto* forked = std::get_if<WorkerForked>(&event)) return take_on_forked(*forked);
  const auto& failed = std::get<WorkerNotForked>(event);
  departures_.give_up_worker(failed.slot, failed.reason, ExitReport{});
}

/// The kernel says who has sent the message, and whose child that is. Everything else that is
/// said there may be a lie: also that this is a worker, and not another child of ours.
void Arbiter::take_on_forked(const WorkerForked& worker) {
  WorkerBoard* const board = fleet_.scoreboard.find(worker.slot);
  if (fleet_.table.worker(worker.slot).phase == WorkerPhase::kKilled) {
    if (is_child(worker.pid) && !is_known(worker.pid)) send_signal(worker.pid, SIGKILL);
    return departures_.give_up_worker(worker.slot, "it came when it was given up already",
                                      ExitReport{});
  }
  if (board == nullptr || !is_child(worker.pid) || is_known(worker.pid)) {
    return departures_.give_up_worker(worker.slot, describe_impostor(worker.pid), ExitReport{});
  }
  log::debug(worker_name(worker.slot) + " (pid " + std::to_string(worker.pid) + ") starts");
  fleet_.table.on_spawned(worker.slot, worker.pid);
  board->worker().admitted.store(worker.pid, std::memory_order_release);
  if (worker.signal != 0) send_signal(worker.pid, worker.signal);
}

/// A worker that has announced itself and has ended, before it said that it is the master's child.
/// A pid stands in one slot: the end of a process is told once, so a second slot with its pid
/// would wait for ever, and its signals would go to whoever gets the pid next.
void Arbiter::take_on_ended(pid_t pid) {
  for (Zygote& zygote : zygotes_.all()) {
    while (const auto worker = zygote.take_announced(pid)) {
      if (is_known(pid)) {
        departures_.give_up_worker(worker->slot, describe_impostor(pid), ExitReport{});
      } else {
        fleet_.table.on_spawned(worker->slot, pid);
      }
    }
  }
}

/// A slot whose process is no child of the master's: its end has been told already, or never will
/// be.
void Arbiter::bury_lost_worker(const Signal& order) {
  if (fleet_.table.worker(order.slot).pid != order.pid) return;  // buried meanwhile
  departures_.give_up_worker(order.slot,
                             "process " + std::to_string(order.pid) +
                                 ", which was to be this worker, is no child of the master's",
                             ExitReport{});
  listening_.drop_old_generations();
}

/// The children that the master has forked itself, and the workers that it has taken on.
bool Arbiter::is_known(pid_t pid) {
  bool is_worker = false;
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    is_worker = is_worker || fleet_.table.worker(slot).pid == pid;
  }
  return is_worker || hooks_.runner().runs(pid) || chores_.errands().runs(pid) ||
         upgrade_.successor().pid() == pid || zygotes_.with_pid(pid) != nullptr ||
         left_behind_.has(pid);
}

bool Arbiter::on_zygote_exit(const ExitReport& report) {
  Zygote* const zygote = zygotes_.with_pid(report.pid);
  if (zygote == nullptr) return false;
  constexpr std::size_t kAllThatASocketHolds = 4096;
  zygote->stop_listening();
  hear(*zygote, kAllThatASocketHolds);
  const std::string end =
      describe_zygote_end(report, zygote->last_words(), zygote->is_ready(), zygote->was_aborted());
  const std::vector<std::uint32_t> awaited = zygote->awaited();
  const bool was_dismissed = zygote->is_dismissed();
  zygotes_.remove(*zygote);
  ExitReport failure = report;
  failure.pid = 0;  // no worker's
  failure.is_stuck = false;
  for (const std::uint32_t slot : awaited) {
    departures_.give_up_worker(slot, end, failure, slot == awaited.front());
  }
  if (report.is_stuck) {
    left_behind_.add(report.pid, "the zygote");
    log::error(end);
  } else if (awaited.empty() && !was_dismissed) {
    log::warning(end + "; its workers go on, and another one starts when it is needed");
  }
  listening_.drop_old_generations();
  return true;
}

/// For a worker that has no pid yet: its zygote has not forked it.
bool Arbiter::hold_back(const Signal& order) {
  Zygote* const zygote = zygotes_.awaiting(order.slot);
  if (zygote == nullptr) return false;
  const bool is_late =
      order.reason == SignalReason::kBootTimeout || order.reason == SignalReason::kStillThere;
  if (is_late) {
    if (order.number == SIGKILL) {
      kill(*zygote);
    } else if (!zygote->was_aborted()) {
      send_signal(zygote->pid(), order.number);
    }
    zygote->note_abort();
  } else if (zygote->take_back(order.slot, order.number)) {
    fleet_.table.on_spawn_failed(order.slot, ExitReport{}, now());
    fleet_.scoreboard.close(order.slot);
    listening_.drop_old_generations();
    dismiss_zygotes();
  }
  return true;
}

/// Those that fork no more: of a generation that is gone, or of a server that stops. An idle one
/// has nothing to finish, and one that still loads the app may be busy for long.
void Arbiter::dismiss_zygotes() {
  const bool is_leaving = fleet_.table.stop_mode() != StopMode::kNone || fleet_.table.is_parked();
  for (Zygote& zygote : zygotes_.all()) {
    if (zygote.is_dismissed() || zygote.awaits_any()) continue;
    if (!is_leaving && fleet_.generations.contains(zygote.generation())) continue;
    zygote.dismiss();
    kill(zygote);
  }
}

}  // namespace alicorn
