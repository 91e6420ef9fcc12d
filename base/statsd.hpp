// Metrics in the text format of statsd, "shop.alicorn.requests:3|c|#env:live", and the datagrams
// that carry them. Plain functions, used in any process.
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
  std::string prefix{};  ///< comes before "alicorn."; has no dot at its end
  std::string tags{};    ///< DogStatsD tags, separated by commas
};

/// Fits into one Ethernet frame with its headers. A datagram in fragments is lost if one of them is
/// lost.
inline constexpr std::size_t kStatsdDatagramMax = 1432;

class StatsdLines {
 public:
  explicit StatsdLines(const StatsdSettings& settings);

  /// Appends one whole line. `name` is like "request.duration"; `unit` is "c", "g" or "ms".
  void append(std::string& out, std::string_view name, std::string_view value,
              std::string_view unit) const;
  void append(std::string& out, std::string_view name, std::uint64_t value,
              std::string_view unit) const;

 private:
  std::string head_;  ///< "shop.alicorn."
  std::string tail_;  ///< "|#env:live\n"
};

/// Sends lines, as many as fit into each datagram. Returns the number of bytes handled and the
/// errno of the datagram that failed; EAGAIN if the receiver does not keep up.
struct StatsdOutcome {
  std::size_t done = 0;
  int error = 0;
};
StatsdOutcome send_lines(DatagramSocket& socket, std::string_view lines);

}  // namespace alicorn
