// The metrics that the master sends to statsd: how many workers there are, how many connections
// wait to be accepted, and its own log lines. It sends a datagram when something has changed, and
// otherwise at intervals. Master.
#pragma once

#include "base/clock.hpp"
#include "base/datagram_socket.hpp"
#include "base/log_line_counts.hpp"
#include "base/statsd.hpp"
#include "server/host/listeners.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace alicorn {

class MasterMetrics {
 public:
  /// With the settings of the serving generation; again after a reload.
  void configure(const StatsdSettings& settings);
  /// The time until report() has to be called again, whatever happens.
  milliseconds time_to_next(MonotonicTime time) const;
  void report(std::uint32_t workers, const Listeners& listeners, MonotonicTime time);

 private:
  void append_gauges(std::uint32_t workers, const Listeners& listeners);

  StatsdSettings settings_;
  std::optional<DatagramSocket> socket_;
  std::optional<StatsdLines> lines_;
  LogLineCounts log_lines_;
  std::string text_;
  std::optional<std::uint32_t> workers_told_;
  MonotonicTime next_;
};

/// The number of connections that wait to be accepted; nothing if the kernel does not tell (unix
/// sockets).
std::optional<std::uint32_t> backlog_of(const Listener& listener);

}  // namespace alicorn
