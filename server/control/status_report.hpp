// What the server reports about itself through the control socket. The arbiter gathers the facts;
// these functions render them as JSON. docs/control.md describes every member. Master.
#pragma once

#include "base/clock.hpp"
#include "workers/contract/scoreboard.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace alicorn {

struct WorkerStatus {
  std::uint32_t number = 0;  ///< the slot, counted from 1, as in "worker 3"
  pid_t pid = 0;
  std::uint32_t generation = 0;
  std::string_view phase;  ///< starting, ready, draining, aborting, killed
  milliseconds age{};
  std::uint64_t requests = 0, connections = 0;  ///< answered; open now
  std::uint64_t handed_over = 0;                ///< clients that other workers have taken over
  std::size_t in_flight = 0;
  std::uint64_t rss = 0;  ///< bytes; 0: unknown
  milliseconds heartbeat_age{};
  std::string_view recycling;  ///< "no", "asked", "urgent", "under way"
  std::uint64_t restarts = 0;  ///< deaths in this slot
};

struct RequestStatus {
  std::uint32_t worker = 0;
  pid_t worker_pid = 0;
  CallReport call;
};

/// A reload that is under way, or over.
struct ReloadStatus {
  std::uint32_t generation = 0;  ///< 0: refused before there was one
  std::string_view result;       ///< "under way", "succeeded", "refused", "abandoned", ...
  std::string reason;            ///< why it did not succeed; may be ""
  std::int64_t at_us = 0;        ///< wall clock: the beginning, or the end once it is over
};

struct PeerStatus {
  pid_t pid;
  std::string_view role;  ///< "new" or "old"
};

struct ServerStatus {
  std::string version;
  pid_t pid = 0;
  milliseconds uptime{};
  std::string_view state;  ///< starting, serving, down, reloading, upgrading, parked, stopping
  std::uint32_t generation = 0;
  std::string app;
  std::vector<std::string> listeners;
  std::uint32_t workers_wanted = 0;
  std::vector<WorkerStatus> workers;
  std::uint64_t departed_requests = 0;     ///< answered by workers that have left
  std::uint64_t departed_handed_over = 0;  ///< clients that they have handed to others
  std::uint64_t deaths = 0;
  std::optional<ReloadStatus> reload, last_reload;
  std::string last_failure;  ///< "" once a later reload or upgrade has succeeded
  std::string_view log_level;
  std::uint64_t log_lines_dropped = 0, access_lines_dropped = 0;
  std::uint64_t master_rss = 0;
  std::optional<PeerStatus> peer;
};

std::string render_status(const ServerStatus& status);
std::string render_workers(const std::vector<WorkerStatus>& workers);
/// `left_off` is the number of requests that did not fit into the answer.
std::string render_requests(const std::vector<RequestStatus>& requests, std::size_t left_off,
                            MonotonicTime now);

}  // namespace alicorn
