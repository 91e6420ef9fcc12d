// `alicorn ctl`: one command to a running server, and what it answers. A process of its own.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// What the words behind `alicorn ctl` ask for.
struct ControlCall {
  bool help = false;
  bool json = false;
  std::string socket;       ///< --socket; "": look elsewhere
  std::string config_file;  ///< -c; "": ./alicorn.yaml
  std::string line;         ///< the command
};
Result<ControlCall> parse_control_call(const std::vector<std::string>& words);

struct ControlPath {
  std::string path;
  std::string origin;  ///< "": as it was given; else a sentence about what it was relative to
};

/// Where the server's socket is: --socket, else ALICORN_CONTROL_SOCKET, else what the configuration
/// says.
Result<ControlPath> find_control_socket(const ControlCall& call, const CommandLine& command_line);

/// Prints the answer, or what went wrong. The exit code: 0 done, 1 refused or no server, 2 wrong
/// usage.
int run_control_client(const CommandLine& command_line);

}  // namespace alicorn
