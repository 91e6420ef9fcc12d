#include "server/arbiter/crew.hpp"

#include "base/log.hpp"
#include "server/arbiter/report/report.hpp"
#include "server/host/process.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <signal.h>

namespace alicorn {
namespace {

std::string describe_impostor(pid_t pid) {
  return "process " + std::to_string(pid) +
         " says that it is this worker, and is no child of the master's, or another one";
}

void kill(Zygote& zygote) {
  send_signal(zygote.pid(), SIGKILL);
  zygote.note_kill(now());
}

}  // namespace

void Crew::spawn(const Spawn& order) {
  const bool preloads = parts_.fleet.generations.at(order.generation).config.preload;
  using Sharing = WorkerBoard::Sharing;
  auto opened = parts_.fleet.scoreboard.open(order.slot,
                                             preloads ? Sharing::kByDescriptor : Sharing::kByFork);
  if (!opened) return departures_.give_up_worker(order.slot, opened.error().text(), ExitReport{});
  WorkerBoard& board = **opened;
  if (const auto level = parts_.log_files.ordered_level()) board.worker().order_log_level(*level);
  parts_.hooks.tell_of_worker(Hook::kPreFork, order.slot, 0);
  if (preloads) return spawn_by_zygote(order, board.take_fd());
  const auto pid = spawner_.spawn(order, board);
  if (!pid) return departures_.give_up_worker(order.slot, pid.error().text(), ExitReport{});
  log::debug(worker_name(order.slot) + " (pid " + std::to_string(*pid) + ") starts");
  parts_.fleet.table.on_spawned(order.slot, *pid);
}

void Crew::signal(const Signal& order) {
  WorkerBoard* const board = parts_.fleet.scoreboard.find(order.slot);
  if (board != nullptr && (order.number == SIGTERM || order.number == SIGQUIT)) {
    board->worker().listeners_of_others.store(parts_.listening.listeners_of_others(order.slot),
                                              std::memory_order_relaxed);
  }
  if (order.pid == 0 && hold_back(order)) return;
  if (order.pid != 0 && !is_child(order.pid)) return bury_lost_worker(order);
  report_signal(order);
  if (order.number == SIGABRT)
    parts_.hooks.tell_of_worker(Hook::kWorkerAbort, order.slot, order.pid);
  send_signal(order.pid, order.number);
}

void Crew::on_exit(const ExitReport& report) {
  hear_zygotes();  // a worker of theirs that has ended was announced before
  if (on_zygote_exit(report)) return;
  take_on_ended(report.pid);
  const auto departure = parts_.fleet.table.on_exit(report, now());
  if (departure) departures_.take_note(*departure, report);
}

void Crew::spawn_by_zygote(const Spawn& order, UniqueFd board) {
  const auto zygote = zygote_for(order.generation, board.get());
  if (!zygote) return departures_.give_up_worker(order.slot, zygote.error().text(), ExitReport{});
  (*zygote)->ask_for(order.slot, std::move(board), now());
}

Result<Zygote*> Crew::zygote_for(std::uint32_t generation, int board) {
  if (Zygote* const zygote = parts_.zygotes.of(generation)) return zygote;
  if (parts_.left_behind.is_full()) return fail(LeftBehind::refusal());
  auto started = zygote_spawner_.start(generation, board);
  if (!started) return tl::unexpected(started.error());
  return &parts_.zygotes.add(std::move(*started));
}

void Crew::hear_zygotes() {
  for (Zygote& zygote : parts_.zygotes.all()) {
    hear(zygote);
    for (const ZygoteEvent& event : zygote.give_up_late(now())) obey(event);
    // The zygote either ends, or runs on unable to hear or answer: only its end counts.
    if (zygote.is_mute() && !zygote.is_dismissed()) kill(zygote);
  }
  dismiss_zygotes();
}

void Crew::hear(Zygote& zygote, std::size_t messages_max) {
  for (const ZygoteEvent& event : zygote.hear(now(), messages_max)) obey(event);
}

void Crew::obey(const ZygoteEvent& event) {
  if (const auto* forked = std::get_if<WorkerForked>(&event)) return take_on_forked(*forked);
  const auto& failed = std::get<WorkerNotForked>(event);
  departures_.give_up_worker(failed.slot, failed.reason, ExitReport{});
}

/// The kernel says who sent the message, and whose child the sender is. Everything else in the
/// message may be a lie, even that the sender is a worker and not another child of ours.
void Crew::take_on_forked(const WorkerForked& worker) {
  WorkerBoard* const board = parts_.fleet.scoreboard.find(worker.slot);
  if (parts_.fleet.table.worker(worker.slot).phase == WorkerPhase::kKilled) {
    if (is_child(worker.pid) && !is_known(worker.pid)) send_signal(worker.pid, SIGKILL);
    return departures_.give_up_worker(worker.slot, "it arrived after it had been given up",
                                      ExitReport{});
  }
  if (board == nullptr || !is_child(worker.pid) || is_known(worker.pid)) {
    return departures_.give_up_worker(worker.slot, describe_impostor(worker.pid), ExitReport{});
  }
  log::debug(worker_name(worker.slot) + " (pid " + std::to_string(worker.pid) + ") starts");
  parts_.fleet.table.on_spawned(worker.slot, worker.pid);
  board->worker().admitted.store(worker.pid, std::memory_order_release);
  if (worker.signal != 0) send_signal(worker.pid, worker.signal);
}

/// A worker has announced itself, and has ended before it said that it is the master's child. A pid
/// must be in one slot only: the end of a process is reported once, so a second slot with its pid
/// would wait for ever, and the slot's signals would go to whichever process gets the pid next.
void Crew::take_on_ended(pid_t pid) {
  for (Zygote& zygote : parts_.zygotes.all()) {
    while (const auto worker = zygote.take_announced(pid)) {
      if (is_known(pid)) {
        departures_.give_up_worker(worker->slot, describe_impostor(pid), ExitReport{});
      } else {
        parts_.fleet.table.on_spawned(worker->slot, pid);
      }
    }
  }
}

/// The slot's process is not a child of the master: its end has already been reported, or never
/// will be.
void Crew::bury_lost_worker(const Signal& order) {
  if (parts_.fleet.table.worker(order.slot).pid != order.pid) return;  // buried meanwhile
  departures_.give_up_worker(order.slot,
                             "process " + std::to_string(order.pid) +
                                 ", which was to be this worker, is no child of the master's",
                             ExitReport{});
  parts_.listening.drop_old_generations();
}

/// The process is a child that the master forked itself, or a worker that the master has taken on.
bool Crew::is_known(pid_t pid) const {
  bool is_worker = false;
  for (std::uint32_t slot = 0; slot < parts_.fleet.table.slots_in_use(); ++slot) {
    is_worker = is_worker || parts_.fleet.table.worker(slot).pid == pid;
  }
  return is_worker || parts_.zygotes.with_pid(pid) != nullptr || parts_.left_behind.has(pid) ||
         parts_.is_others_child(pid);
}

bool Crew::on_zygote_exit(const ExitReport& report) {
  Zygote* const zygote = parts_.zygotes.with_pid(report.pid);
  if (zygote == nullptr) return false;
  constexpr std::size_t kAllThatASocketHolds = 4096;
  zygote->stop_listening();
  hear(*zygote, kAllThatASocketHolds);
  const std::string end =
      describe_zygote_end(report, zygote->last_words(), zygote->is_ready(), zygote->was_aborted());
  const std::vector<std::uint32_t> awaited = zygote->awaited();
  const bool was_dismissed = zygote->is_dismissed();
  parts_.zygotes.remove(*zygote);
  ExitReport failure = report;
  failure.pid = 0;  // it is not a worker's end
  failure.is_stuck = false;
  for (const std::uint32_t slot : awaited) {
    departures_.give_up_worker(slot, end, failure, slot == awaited.front());
  }
  if (report.is_stuck) {
    parts_.left_behind.add(report.pid, "the zygote");
    log::error(end);
  } else if (awaited.empty() && !was_dismissed) {
    log::warning(end + "; its workers go on, and another one starts when it is needed");
  }
  parts_.listening.drop_old_generations();
  return true;
}

/// For a worker without a pid: its zygote has not forked it yet.
bool Crew::hold_back(const Signal& order) {
  Zygote* const zygote = parts_.zygotes.awaiting(order.slot);
  if (zygote == nullptr) return false;
  const bool is_late = order.reason == SignalReason::kBootTimeout ||
                       order.reason == SignalReason::kNoEndByAbort ||
                       order.reason == SignalReason::kStillThere;
  if (is_late) {
    if (order.number == SIGKILL) {
      kill(*zygote);
    } else if (!zygote->was_aborted()) {
      send_signal(zygote->pid(), order.number);
    }
    zygote->note_abort();
  } else if (zygote->take_back(order.slot, order.number)) {
    parts_.fleet.table.on_spawn_failed(order.slot, ExitReport{}, now());
    parts_.fleet.scoreboard.close(order.slot);
    parts_.listening.drop_old_generations();
    dismiss_zygotes();
  }
  return true;
}

/// Dismisses zygotes that must not fork any more, because their generation is gone or the server
/// stops. An idle zygote has nothing to finish, and one that still loads the app may be busy for
/// long.
void Crew::dismiss_zygotes() {
  const bool is_leaving =
      parts_.fleet.table.stop_mode() != StopMode::kNone || parts_.fleet.table.is_parked();
  for (Zygote& zygote : parts_.zygotes.all()) {
    if (zygote.is_dismissed() || zygote.awaits_any()) continue;
    if (!is_leaving && parts_.fleet.generations.contains(zygote.generation())) continue;
    zygote.dismiss();
    kill(zygote);
  }
}

}  // namespace alicorn
