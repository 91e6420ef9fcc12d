// WorkerTable: what the end of a worker means, and who gets its place.
#include "server/arbiter/table/worker_table.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>

namespace alicorn {
namespace {

constexpr milliseconds kForgivingTime{1'000};  // of service make up for one earlier death
constexpr std::uint32_t kBootCrashesMax = 3;
constexpr std::ptrdiff_t kStuckBootsMax = 4;

}  // namespace

Departure WorkerTable::on_spawn_failed(std::uint32_t slot, const ExitReport& report,
                                       MonotonicTime now, bool is_counted) {
  return bury(slot, report, now, is_counted);
}

std::optional<Departure> WorkerTable::on_exit(const ExitReport& report, MonotonicTime now) {
  for (std::uint32_t slot = 0; slot < workers_.size(); ++slot) {
    const WorkerHandle& worker = workers_[slot];
    if (worker.phase != WorkerPhase::kReaped && worker.pid == report.pid) {
      return bury(slot, report, now, true);
    }
  }
  return std::nullopt;
}

Departure WorkerTable::bury(std::uint32_t slot, const ExitReport& report, MonotonicTime now,
                            bool is_counted) {
  const WorkerHandle dead = workers_[slot];
  if (report.is_stuck) {
    workers_[slot].phase = WorkerPhase::kLeftBehind;
    workers_[slot].deadline.reset();
  } else {
    workers_[slot] = WorkerHandle{};
    workers_[slot].deaths = dead.deaths;
  }

  Departure departure{.slot = slot,
                      .generation = dead.generation,
                      .kind = Departure::Kind::kLeft,
                      .consequence = Departure::Consequence::kNone,
                      .lived = std::chrono::duration_cast<milliseconds>(now - dead.started),
                      .respawn_in = {},
                      .was_left_behind = dead.phase == WorkerPhase::kLeftBehind};
  if (dead.told_to_leave) return departure;
  departure.kind = dead.was_ready ? Departure::Kind::kDied : Departure::Kind::kBootFailed;
  departure.was_late = !dead.was_ready && dead.phase != WorkerPhase::kStarting;
  const bool is_missed = stop_mode_ == StopMode::kNone && !parked_ && holds_place(dead);
  if (!is_missed) return departure;
  if (dead.was_ready || dead.generation == serving_generation_ || !is_counted) {
    keep_place(departure, dead, now);
  } else {
    judge_boot_failure(departure, report, dead, now);
  }
  return departure;
}

/// Whether the table counts on this worker, also while it is on its way out: where not, a
/// replacement is not bound to wait for its end.
bool WorkerTable::holds_place(const WorkerHandle& worker) const {
  if (!is_kept_up(worker.generation) || worker.told_to_leave) return false;
  const bool is_stuck =
      worker.phase == WorkerPhase::kAborting || worker.phase == WorkerPhase::kKilled;
  return worker.is_alive() && !(is_stuck && worker.was_ready);
}

/// What has no pid is its zygote's to lose. The successor of one that got stuck while it booted is
/// likely to do the same: where the table would start one after the other, and leave each of them
/// behind, it waits.
bool WorkerTable::may_leave_behind(const WorkerHandle& worker) const {
  if (worker.pid == 0) return false;
  const bool would_be_repeated = stop_mode_ == StopMode::kNone && !parked_ && holds_place(worker) &&
                                 worker.generation == serving_generation_;
  if (!would_be_repeated) return true;
  return std::count_if(workers_.begin(), workers_.end(), [&](const WorkerHandle& other) {
           return other.phase == WorkerPhase::kLeftBehind && !other.was_ready &&
                  other.generation == worker.generation;
         }) < kStuckBootsMax;
}

/// Its own slot, unless it was left behind there. Null: all are taken.
WorkerHandle* WorkerTable::place_for_successor(std::uint32_t slot) {
  WorkerHandle& own = workers_[slot];
  if (own.phase == WorkerPhase::kReaped) return &own;
  const auto place =
      std::find_if(workers_.begin(), workers_.end(), std::mem_fn(&WorkerHandle::is_free));
  if (place == workers_.end()) return nullptr;
  place->deaths = own.deaths;
  return &*place;
}

/// Before any worker of the goal's generation was ready: is there a point in trying again?
void WorkerTable::judge_boot_failure(Departure& departure, const ExitReport& report,
                                     const WorkerHandle& dead, MonotonicTime now) {
  const int code = report.signal == 0 ? report.exit_code : 0;
  const bool could_not_load = code == static_cast<int>(ExitCode::kAppLoadError);
  const bool is_final =
      could_not_load || departure.was_late || code == static_cast<int>(ExitCode::kBootError);
  if (!is_final && ++boot_crashes_ < kBootCrashesMax) return keep_place(departure, dead, now);
  if (serving_generation_ == 0) {
    departure.consequence = Departure::Consequence::kStopServer;
    exit_code_ = could_not_load ? ExitCode::kAppLoadError : ExitCode::kBootError;
    stop(StopMode::kQuick);
  } else {
    departure.consequence = Departure::Consequence::kAbandonReload;
    abandon_reload();
  }
}

/// The first successor of a worker that has served starts at once: one death is bad luck, and a
/// slot that waits serves nobody.
void WorkerTable::keep_place(Departure& departure, const WorkerHandle& dead, MonotonicTime now) {
  WorkerHandle* const place = place_for_successor(departure.slot);
  if (place == nullptr) return;
  const auto forgiven =
      dead.was_ready ? static_cast<std::uint64_t>((now - dead.ready_at) / kForgivingTime) : 0;
  place->deaths -= static_cast<std::uint32_t>(std::min<std::uint64_t>(place->deaths, forgiven));
  ++place->deaths;
  departure.consequence = Departure::Consequence::kRespawn;
  const bool is_first = dead.was_ready && place->deaths == 1;
  departure.respawn_in =
      is_first ? milliseconds{0} : back_off(dead.was_ready ? place->deaths - 1 : place->deaths);
  place->respawn_at = now + departure.respawn_in;
  place->respawn_generation = dead.generation;
}

void WorkerTable::abandon_reload() {
  goal_generation_ = serving_generation_;
  goal_policy_ = serving_policy_;
  settled_ = false;
  forget_unwanted_places();
}

void WorkerTable::forget_unwanted_places() {
  for (WorkerHandle& place : workers_) {
    if (!is_kept_up(place.respawn_generation)) place.respawn_at.reset();
  }
}

}  // namespace alicorn
