#include "server/arbiter/report/status.hpp"

#include "server/host/resident_memory.hpp"

#include <algorithm>
#include <chrono>

#include <unistd.h>

namespace alicorn {
namespace {

/// The most requests in one answer: it is read by people, or by a script that looks for old
/// requests.
constexpr std::size_t kRequestsListed = 1'000;

std::string_view name_of(WorkerPhase phase) {
  switch (phase) {
    case WorkerPhase::kReaped:
      return "gone";
    case WorkerPhase::kStarting:
      return "starting";
    case WorkerPhase::kReady:
      return "ready";
    case WorkerPhase::kDraining:
      return "draining";
    case WorkerPhase::kAborting:
      return "aborting";
    case WorkerPhase::kKilled:
      return "killed";
    case WorkerPhase::kLeftBehind:
      return "left behind";
  }
  return "";
}

std::string_view recycling_of(const WorkerHandle& worker) {
  if (worker.is_recycled) return "under way";
  if (!worker.recycle_from) return "no";
  return worker.recycling_wish == RecyclingWish::kCannotServe ? "urgent" : "asked";
}

milliseconds since(MonotonicTime then, MonotonicTime now) {
  return std::chrono::duration_cast<milliseconds>(std::max(now, then) - then);
}

}  // namespace

std::string_view StatusOfServer::state_name() const {
  if (fleet_.table.stop_mode() != StopMode::kNone) return "stopping";
  if (fleet_.table.serving_generation() == 0) return "starting";
  if (has_peer(upgrade_.standing())) return "upgrading";
  if (fleet_.table.is_parked()) return "parked";
  if (!fleet_.table.has_ready_workers()) return "down";
  return desk_.reload() ? "reloading" : "serving";
}

ServerStatus StatusOfServer::take(const std::string& last_failure,
                                  std::optional<log::Level> ordered_level) const {
  const std::uint32_t shown = fleet_.table.serving_generation() != 0
                                  ? fleet_.table.serving_generation()
                                  : fleet_.table.goal_generation();
  const Generation& generation = fleet_.generations.at(shown);
  ServerStatus status;
  status.version = ALICORN_VERSION;
  status.pid = ::getpid();
  status.uptime = since(started_, now());
  status.state = state_name();
  status.generation = fleet_.table.serving_generation();
  status.app = generation.config.worker.app_name();
  for (const Address& address : addresses_of(generation.listeners)) {
    status.listeners.push_back((address.is_unix() ? "" : "http://") + address.text());
  }
  status.workers_wanted = fleet_.table.target();
  status.workers = take_workers();
  status.departed_requests = fleet_.tally.departed_requests;
  status.departed_handed_over = fleet_.tally.departed_handed_over;
  status.deaths = fleet_.tally.deaths;
  status.reload = desk_.reload();
  status.last_reload = desk_.last_reload();
  status.last_failure = last_failure;
  status.log_level = log::name_of(ordered_level.value_or(fleet_.goal().config.error_log.level));
  add_losses(status);
  status.master_rss = resident_memory(status.pid);
  const pid_t successor = upgrade_.successor().pid();
  if (successor > 0) status.peer = PeerStatus{successor, "new"};
  if (upgrade_.has_predecessor()) status.peer = PeerStatus{upgrade_.predecessor().pid(), "old"};
  return status;
}

void StatusOfServer::add_losses(ServerStatus& status) const {
  status.log_lines_dropped = log::dropped_lines() + fleet_.tally.departed_drops;
  status.access_lines_dropped = fleet_.tally.departed_access_drops;
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    const WorkerBoard* const board = fleet_.scoreboard.find(slot);
    if (board == nullptr) continue;
    const WorkerSlot& worker = board->worker();
    status.log_lines_dropped += worker.log_lines_dropped.load(std::memory_order_relaxed);
    status.access_lines_dropped += worker.access_lines_dropped.load(std::memory_order_relaxed);
  }
}

std::vector<WorkerStatus> StatusOfServer::take_workers() const {
  const MonotonicTime time = now();
  std::vector<WorkerStatus> workers;
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    const WorkerHandle& worker = fleet_.table.worker(slot);
    const WorkerBoard* const board = fleet_.scoreboard.find(slot);
    if (worker.phase == WorkerPhase::kReaped || board == nullptr) continue;
    const WorkerSlot& seen = board->worker();
    workers.push_back(
        {.number = slot + 1,
         .pid = worker.pid,
         .generation = worker.generation,
         .phase = name_of(worker.phase),
         .age = since(worker.started, time),
         .requests = seen.requests.load(std::memory_order_relaxed),
         .connections = fleet_.scoreboard.load(slot).connections.load(std::memory_order_relaxed),
         .handed_over = seen.handed_over.load(std::memory_order_relaxed),
         .in_flight = board->count_in_flight(),
         .rss = resident_memory(worker.pid),
         .heartbeat_age = since(seen.last_beat(time), time),
         .recycling = recycling_of(worker),
         .restarts = fleet_.tally.deaths_in_slot[slot]});
  }
  return workers;
}

std::string StatusOfServer::render_requests_in_flight() const {
  std::vector<RequestStatus> requests;
  std::size_t total = 0;
  for (std::uint32_t slot = 0; slot < fleet_.table.slots_in_use(); ++slot) {
    const pid_t pid = fleet_.table.worker(slot).pid;
    const WorkerBoard* const board = fleet_.scoreboard.find(slot);
    if (board == nullptr) continue;
    for (CallReport& call : board->calls_in_flight(kRequestsListed)) {
      requests.push_back({slot + 1, pid, std::move(call)});
    }
    total += board->count_in_flight();
  }
  std::sort(requests.begin(), requests.end(), [](const auto& left, const auto& right) {
    return left.call.started_us < right.call.started_us;
  });
  if (requests.size() > kRequestsListed) requests.resize(kRequestsListed);
  return render_requests(requests, std::max(total, requests.size()) - requests.size(), now());
}

}  // namespace alicorn
