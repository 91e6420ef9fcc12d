// Metrics in the text that statsd reads: "shop.alicorn.requests:3|c|#env:live". Plain functions,
// and the datagrams that carry them. Any process.
#pragma once

#include "base/address.hpp"
#include "base/datagram_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

struct StatsdSettings {
  bool enabled = false;
  Address address{};
  std::string prefix{};  ///< before "alicorn.", without a dot at its end
  std::string tags{};    ///< of DogStatsD, separated by commas
};

/// What fits into one Ethernet frame with its headers: a fragment lost would lose all.
inline constexpr std::size_t kStatsdDatagramMax = 1432;

class StatsdLines {
 public:
  explicit StatsdLines(const StatsdSettings& settings);

  /// Appends a line with its end; `name` as in "request.duration". `unit`: "c", "g" or "ms".
  void append(std::string& out, std::string_view name, std::string_view value,
              std::string_view unit) const;
  void append(std::string& out, std::string_view name, std::uint64_t value,
              std::string_view unit) const;

 private:
  std::string head_;  ///< "shop.alicorn."
  std::string tail_;  ///< "|#env:live\n"
};

/// Sends lines, as many in one datagram as fit. The number of bytes that are dealt with, and errno
/// of the one that is not: EAGAIN when the receiver does not keep up.
struct StatsdOutcome {
  std::size_t done = 0;
  int error = 0;
};
StatsdOutcome send_lines(DatagramSocket& socket, std::string_view lines);

}  // namespace alicorn
