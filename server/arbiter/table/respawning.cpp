#include "server/arbiter/table/respawning.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace alicorn {
namespace {

constexpr milliseconds kForgivingTime{1'000};  // of service make up for one earlier death
constexpr milliseconds kHealthyLife{10'000};   // a worker that lived so long was no failure
constexpr milliseconds kRespawnDelayMin{50};
constexpr milliseconds kRespawnDelayMax{10'000};
constexpr std::uint32_t kBootCrashesMax = 3;
constexpr std::ptrdiff_t kStuckBootsMax = 4;

}  // namespace

milliseconds back_off(std::uint32_t failures) {
  milliseconds delay = kRespawnDelayMin;
  while (--failures > 0 && delay < kRespawnDelayMax) delay *= 2;
  return std::min(delay, kRespawnDelayMax);
}

void Respawning::begin_anew() {
  boot_crashes_ = 0;
  forget_unwanted_places();
  for (WorkerHandle& worker : roster_) worker.deaths = 0;
}

Departure Respawning::bury(std::uint32_t slot, const ExitReport& report, MonotonicTime now,
                           bool is_counted) {
  WorkerHandle& own = roster_.at(slot);
  const WorkerHandle dead = own;
  if (report.is_stuck) {
    own.phase = WorkerPhase::kLeftBehind;
    own.deadline.reset();
  } else {
    own = WorkerHandle{};
    own.deaths = dead.deaths;
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
  if (!goals_.wants_workers() || !holds_place(dead)) return departure;
  if (dead.was_ready || dead.generation == goals_.serving_generation() || !is_counted) {
    keep_place(departure, dead, now);
  } else {
    judge_boot_failure(departure, report, dead, now);
  }
  return departure;
}

bool Respawning::holds_place(const WorkerHandle& worker) const {
  if (!goals_.is_kept_up(worker.generation) || worker.told_to_leave) return false;
  const bool is_stuck =
      worker.phase == WorkerPhase::kAborting || worker.phase == WorkerPhase::kKilled;
  return worker.is_alive() && !(is_stuck && worker.was_ready);
}

/// A worker without a pid is left to its zygote. The successor of a worker that got stuck while
/// booting is likely to get stuck too: the table waits rather than start one after the other and
/// leave each of them behind.
bool Respawning::may_leave_behind(const WorkerHandle& worker) const {
  if (worker.pid == 0) return false;
  const bool would_be_repeated = goals_.wants_workers() && holds_place(worker) &&
                                 worker.generation == goals_.serving_generation();
  if (!would_be_repeated) return true;
  return std::count_if(roster_.begin(), roster_.end(), [&](const WorkerHandle& other) {
           return other.phase == WorkerPhase::kLeftBehind && !other.was_ready &&
                  other.generation == worker.generation;
         }) < kStuckBootsMax;
}

/// The worker began to leave without an order from the table. If an operator signalled it, its
/// successor need not wait until it is gone. If its app ended it, and this keeps happening, the
/// successors are slowed down like those of a worker that crashes, whatever slots they have.
void Respawning::note_own_leave(WorkerHandle& worker, MonotonicTime now) {
  worker.phase = WorkerPhase::kDraining;
  worker.told_to_leave = true;
  worker.deadline = now + worker.policy.graceful_timeout + kLeaveSlack;
  const bool is_missed = goals_.wants_workers() && goals_.is_kept_up(worker.generation);
  if (!is_missed || now - worker.started >= kHealthyLife) return;
  WorkerHandle* const place = roster_.free_place();
  if (place == nullptr) return;
  place->deaths = std::exchange(worker.deaths, 0) + 1;
  place->respawn_at = now + back_off(place->deaths);
  place->respawn_generation = worker.generation;
}

/// The dead worker's own slot, or another free one if the worker still occupies it. Null: none is
/// free.
WorkerHandle* Respawning::place_for_successor(std::uint32_t slot) {
  WorkerHandle& own = roster_.at(slot);
  if (own.phase == WorkerPhase::kReaped) return &own;
  WorkerHandle* const place = roster_.free_place();
  if (place != nullptr) place->deaths = own.deaths;
  return place;
}

/// Called before any worker of the goal's generation was ready. Decides whether there is a point in
/// trying again.
void Respawning::judge_boot_failure(Departure& departure, const ExitReport& report,
                                    const WorkerHandle& dead, MonotonicTime now) {
  const int code = report.signal == 0 ? report.exit_code : 0;
  const bool could_not_load = code == static_cast<int>(ExitCode::kAppLoadError);
  const bool is_final =
      could_not_load || departure.was_late || code == static_cast<int>(ExitCode::kBootError);
  if (!is_final && ++boot_crashes_ < kBootCrashesMax) return keep_place(departure, dead, now);
  if (goals_.serving_generation() == 0) {
    departure.consequence = Departure::Consequence::kStopServer;
    exit_code_ = could_not_load ? ExitCode::kAppLoadError : ExitCode::kBootError;
    goals_.stop(StopMode::kQuick);
  } else {
    departure.consequence = Departure::Consequence::kAbandonReload;
    goals_.abandon_reload();
    forget_unwanted_places();
  }
}

/// The first successor of a worker that has served starts at once: one death is bad luck, and an
/// empty slot serves nobody.
void Respawning::keep_place(Departure& departure, const WorkerHandle& dead, MonotonicTime now) {
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

void Respawning::forget_unwanted_places() {
  for (WorkerHandle& place : roster_) {
    if (!goals_.is_kept_up(place.respawn_generation)) place.respawn_at.reset();
  }
}

}  // namespace alicorn
