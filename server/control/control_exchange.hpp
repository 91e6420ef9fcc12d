// Sends one command to a server through its control socket and reads the answer. Gives up once the
// server has been silent for longer than a live one ever is. Runs in the process of `alicorn ctl`.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

struct ControlPath {
  std::string path;
  std::string origin;  ///< what a relative path started from, as a sentence; "": given as it is
};

struct ControlExchange {
  std::string line{};  ///< the command
  /// The server answers only when something is over, and shows signs of life until then.
  bool waits = false;
  /// The only other user, besides root and the caller, that is trusted to run the server. If unset,
  /// that is the owner of the socket's folder.
  std::optional<uid_t> owner{};
  /// The limit for the connection and for the answer; if `waits`, for each sign of life.
  milliseconds patience{10'000};
};

/// The server's answer: one line, with its line end.
Result<std::string> ask_server(const ControlPath& where, const ControlExchange& exchange);

}  // namespace alicorn
