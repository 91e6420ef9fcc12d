#include "server/control/status_report.hpp"

#include "base/escape.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

#include <time.h>

namespace alicorn {

namespace json = boost::json;

namespace {

/// Escapes text that comes from outside: bytes that are not UTF-8 would not be JSON, and control
/// characters would act on a terminal.
std::string safe(std::string_view text) {
  std::string out;
  append_escaped(out, text, Escaping::kText);
  return out;
}

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

/// "2026-11-26T18:30:00Z"
std::string utc(std::int64_t wall_us) {
  const auto time = static_cast<time_t>(wall_us / 1'000'000);
  tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  return std::string(text, ::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts));
}

json::value describe(const std::optional<ReloadStatus>& reload) {
  if (!reload) return nullptr;
  json::object object;
  object["result"] = view(reload->result);
  object["generation"] = reload->generation;
  object["at"] = utc(reload->at_us);
  if (!reload->reason.empty()) object["reason"] = safe(reload->reason);
  return object;
}

json::value describe(const std::optional<PeerStatus>& peer) {
  if (!peer) return nullptr;
  return json::object{{"pid", peer->pid}, {"role", view(peer->role)}};
}

json::object describe(const WorkerStatus& worker) {
  json::object object;
  object["slot"] = worker.number;
  object["pid"] = worker.pid;
  object["generation"] = worker.generation;
  object["phase"] = view(worker.phase);
  object["age_ms"] = worker.age.count();
  object["requests"] = worker.requests;
  object["in_flight"] = worker.in_flight;
  object["connections"] = worker.connections;
  object["handed_over"] = worker.handed_over;
  object["rss_bytes"] = worker.rss;
  object["heartbeat_age_ms"] = worker.heartbeat_age.count();
  object["recycling"] = view(worker.recycling);
  object["restarts"] = worker.restarts;
  return object;
}

json::object count_workers(const ServerStatus& status) {
  const auto in = [&](std::string_view phase) {
    return std::count_if(status.workers.begin(), status.workers.end(),
                         [&](const WorkerStatus& worker) { return worker.phase == phase; });
  };
  json::object counts;
  counts["wanted"] = status.workers_wanted;
  counts["ready"] = in("ready");
  counts["starting"] = in("starting");
  counts["leaving"] = in("draining") + in("aborting") + in("killed");
  return counts;
}

}  // namespace

std::string render_status(const ServerStatus& status) {
  std::uint64_t answered = status.departed_requests, in_flight = 0, connections = 0, rss = 0;
  std::uint64_t handed_over = status.departed_handed_over;
  for (const WorkerStatus& worker : status.workers) {
    answered += worker.requests;
    in_flight += worker.in_flight;
    connections += worker.connections;
    handed_over += worker.handed_over;
    rss += worker.rss;
  }
  json::object object{{"ok", true}};
  object["version"] = status.version;
  object["pid"] = status.pid;
  object["state"] = view(status.state);
  object["uptime_ms"] = status.uptime.count();
  object["generation"] = status.generation;
  object["app"] = safe(status.app);
  json::array listeners;
  for (const std::string& address : status.listeners) listeners.emplace_back(safe(address));
  object["listeners"] = std::move(listeners);
  object["workers"] = count_workers(status);
  object["requests"] = json::object{{"answered", answered}, {"in_flight", in_flight}};
  object["connections"] = connections;
  object["handed_over"] = handed_over;
  object["deaths"] = status.deaths;
  object["reload"] = describe(status.reload);
  object["last_reload"] = describe(status.last_reload);
  object["last_failure"] =
      status.last_failure.empty() ? json::value() : json::value(safe(status.last_failure));
  object["log"] = json::object{{"level", view(status.log_level)},
                               {"lines_dropped", status.log_lines_dropped},
                               {"access_lines_dropped", status.access_lines_dropped}};
  object["rss_bytes"] = json::object{{"master", status.master_rss}, {"workers", rss}};
  object["peer_master"] = describe(status.peer);
  return json::serialize(object);
}

std::string render_workers(const std::vector<WorkerStatus>& workers) {
  json::array list;
  for (const WorkerStatus& worker : workers) list.emplace_back(describe(worker));
  json::object object{{"ok", true}};
  object["workers"] = std::move(list);
  return json::serialize(object);
}

std::string render_requests(const std::vector<RequestStatus>& requests, std::size_t left_off,
                            MonotonicTime now) {
  const std::uint64_t now_us = to_us(now);
  json::array list;
  for (const RequestStatus& request : requests) {
    const CallReport& call = request.call;
    const std::uint64_t age_us = now_us > call.started_us ? now_us - call.started_us : 0;
    json::object object;
    object["worker"] = request.worker;
    object["pid"] = request.worker_pid;
    object["method"] = safe(call.method);
    object["path"] = safe(call.path);
    object["id"] = safe(call.request_id);
    object["peer"] = safe(call.peer);
    object["age_ms"] = age_us / 1000;
    object["thread"] = call.thread != 0 ? json::value(call.thread) : json::value(nullptr);
    list.emplace_back(std::move(object));
  }
  json::object object{{"ok", true}};
  object["requests"] = std::move(list);
  object["left_off"] = left_off;
  return json::serialize(object);
}

}  // namespace alicorn
