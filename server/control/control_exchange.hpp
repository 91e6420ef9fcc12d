// One command to a server through its control socket, and the answer, waited for no longer than a
// server that lives leaves unsaid. A process of its own.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

struct ControlPath {
  std::string path;
  std::string origin;  ///< "": as it was given; else a sentence about what it was relative to
};

struct ControlExchange {
  std::string line{};  ///< the command
  /// The answer comes when something else is over; until then the server shows that it lives.
  bool waits = false;
  /// Whose the server may be, beside root, whoever asks, and the owner of the socket's folder.
  std::optional<uid_t> owner{};
  /// For the connection, and for an answer; where it waits, for any sign of life.
  milliseconds patience{10'000};
};

/// The line that the server answered, with its end.
Result<std::string> ask_server(const ControlPath& where, const ControlExchange& exchange);

}  // namespace alicorn
